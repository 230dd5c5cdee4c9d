select partition, position, event_id, stream_id, version, customer_id, type, schema, occurred_at, recorded_at,
       actor, correlation_id, causation_id, salt,
       -- of what was disposed of the hash is kept; an event that is there and has one was tampered with
       case when data is null then data_sha256
            when num_nonnulls(data_sha256, disposal_id, disposed_at) = 0 then sha256(data)
            else '' end, sha256(meta)
  from record.event
 where partition = $1 and position >= $2
 order by position
 limit $3
