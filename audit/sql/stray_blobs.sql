-- Sealed personal data beside no event.
select s.partition, s.event_id, s.subject_id, s.record_class
  from record.sealed s
 where not exists (select from record.event e where e.partition = s.partition and e.event_id = s.event_id)
 limit $1
