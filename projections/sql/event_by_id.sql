select partition, position, event_id, stream_id, version, customer_id, type, schema, occurred_at, recorded_at,
       actor, correlation_id, causation_id, salt, data, meta
  from record.event
 where partition = $1 and event_id >= $2 and event_id <= $2
 order by partition, event_id  -- so that no plan made while the table is small takes another index
