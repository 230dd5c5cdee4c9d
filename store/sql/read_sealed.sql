select event_id, subject_id, record_class, key_id, blob
  from record.sealed
 where partition = $1 and event_id = any ($2::uuid[])
