select event_id, meta
  from record.event
 where partition = $1 and event_id = any($2::uuid[])
