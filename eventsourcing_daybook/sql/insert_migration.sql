-- template: names a table or function that only the adapter's schema has
insert into record.migration (name, sha256) values ($1, $2)
