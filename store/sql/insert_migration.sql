insert into daybook.migration (name, sha256) values ($1, $2);
