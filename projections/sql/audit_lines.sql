-- template: {v} is the version of the tables, {by} the condition whose index to use. $10 to $12: see `Sight`.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.meta
  from read_model.audit_trail{v} a
 cross join lateral (select *
                       from record.event r
                      where r.partition = $1 and r.position >= a.position and r.position <= a.position
                      order by r.partition, r.position) e
 where a.partition = $1 and a.position >= $2::bigint and a.position < $3::bigint
   and ($5::text is null or a.actor = $5)
   and ($6::uuid is null or a.correlation_id = $6)
   and ($7::text is null or a.type = $7)
   and ($8::timestamptz is null or a.occurred_at >= $8)
   and ($9::timestamptz is null or a.occurred_at < $9)
   {by}
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = e.stream_id
                      and not coalesce((k.matter_group = any ($10::text[]) or k.stream_id = any ($12::uuid[]))
                                       and not k.withheld_from ? $11::text, false))
 order by a.position desc
 limit $4
