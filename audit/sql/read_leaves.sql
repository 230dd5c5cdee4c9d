select partition, position, event_id, stream_id, version, customer_id, type, schema, occurred_at, recorded_at,
       actor, correlation_id, causation_id, salt, sha256(data), sha256(meta)
  from record.event
 where partition = $1 and position >= $2
 order by position
 limit $3
