-- In a stream versions rise with positions.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.meta
  from record.event e
 where e.partition = $1 and e.stream_id = $10::uuid
   and e.position >= $2::bigint and e.position < $3::bigint
   and ($5::text is null or e.actor = $5)
   and ($6::uuid is null or e.correlation_id = $6)
   and ($7::text is null or e.type = $7)
   and ($8::timestamptz is null or e.occurred_at >= $8)
   and ($9::timestamptz is null or e.occurred_at < $9)
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = e.stream_id
                      and not coalesce((k.matter_group = any ($11::text[]) or k.stream_id = any ($13::uuid[]))
                                       and not k.withheld_from ? $12::text, false))
 order by e.stream_id desc, e.version desc
 limit $4
