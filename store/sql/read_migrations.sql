select name, sha256 from daybook.migration order by name;
