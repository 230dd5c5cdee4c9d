-- Everybody's looks in a partition, last recorded first. $4: the types that may be seen.
select e.partition, e.position, e.event_id, e.stream_id, e.customer_id, e.type, e.recorded_at, e.actor,
       e.correlation_id, e.data
  from reads.event e
 where e.partition = $1 and e.position < $2 and e.type = any ($3::text[])
 order by e.position desc
 limit $4
