select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from record.event e
 where e.partition = $1 and e.stream_id = any ($2::uuid[])
 order by e.stream_id, e.version
