select e.position, seal.leaf_hash(
       e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt,
       -- of what was disposed of the hash is kept; an event that is there and has one was tampered with
       case when e.data is null then e.data_sha256
            when num_nonnulls(e.data_sha256, e.disposal_id, e.disposed_at) = 0 then sha256(e.data)
            else '' end, sha256(e.meta)
       ) as leaf_hash
  from record.event e
 where e.partition = $1 and e.position >= $2 and e.position < $3
