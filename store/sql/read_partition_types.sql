select partition, position, event_id, stream_id, version, customer_id, type, schema, occurred_at, recorded_at,
       actor, correlation_id, causation_id, salt, data, meta
  from record.event
 where partition = $1 and position >= $2 and position < $3 and type = any ($4::text[])
 order by position
 limit $5
