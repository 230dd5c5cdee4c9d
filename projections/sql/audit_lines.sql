-- template: {v} is the version of the tables, {by} the condition whose index to use.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.meta
  from (select a.position
          from read_model.audit_trail{v} a
         where a.partition = $1 and a.position >= $2::bigint and a.position < $3::bigint
           and ($5::text is null or a.actor = $5)
           and ($6::uuid is null or a.correlation_id = $6)
           and ($7::text is null or a.type = $7)
           and ($8::timestamptz is null or a.occurred_at >= $8)
           and ($9::timestamptz is null or a.occurred_at < $9)
           {by}
         order by a.position desc
         limit $4) found
  join record.event e on e.partition = $1 and e.position = found.position
 order by e.position desc
