select version
  from record.event
 where partition = $1 and stream_id = $2 and position < $3
 order by version desc
 limit 1
