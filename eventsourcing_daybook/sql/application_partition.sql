-- template: names a table or function that only the adapter's schema has
select record.application_partition($1, $2)
