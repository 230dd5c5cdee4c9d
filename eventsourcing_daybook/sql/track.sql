-- template: names a table or function that only the adapter's schema has
select record.track($1, $2, $3)
