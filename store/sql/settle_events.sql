select event_id, position, recorded_at, salt
  from record.event
 where partition = $1 and event_id = any ($2::uuid[])
