-- template: names a table or function that only the adapter's schema has
select name, sha256 from record.migration
