-- template: names a table or function that only the adapter's schema has
select notification_id from record.tracking where partition = $1 and upstream = $2
