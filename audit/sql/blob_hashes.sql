select e.position, s.subject_id::text as subject, s.record_class, encode(sha256(s.blob), 'hex') as sha256
  from record.event e
  join record.sealed s on s.partition = e.partition and s.event_id = e.event_id
 where e.partition = $1 and e.position >= $2 and e.position < $3
