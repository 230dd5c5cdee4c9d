-- Events that answers name, each with the `meta` of the event in front of it.
select e.event_id, e.stream_id, e.type, e.version, e.position, e.meta,
       (select b.meta from record.event b where b.partition = $1 and b.position = e.position - 1) as meta_before
  from record.event e
 where e.partition = $1 and e.event_id = any($2::uuid[])
