-- A customer's events, as first subject or participant. As in `timeline`, row comparisons keep the plan
-- from walking the partition by position.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.meta
  from ((select c.position
           from record.event c
          where c.partition = $1
            and (c.customer_id, c.position) >= ($10::uuid, $2::bigint)
            and (c.customer_id, c.position) < ($10::uuid, $3::bigint)
            and ($5::text is null or c.actor = $5)
            and ($6::uuid is null or c.correlation_id = $6)
            and ($7::text is null or c.type = $7)
            and ($8::timestamptz is null or c.occurred_at >= $8)
            and ($9::timestamptz is null or c.occurred_at < $9)
            and ($11::uuid is null or c.stream_id = $11)
            and not exists (select
                              from record.confidential k
                             where k.partition = $1 and k.stream_id = c.stream_id
                               and not coalesce((k.matter_group = any ($12::text[]) or k.stream_id = any ($14::uuid[]))
                                                and not k.withheld_from ? $13::text, false))
          order by c.customer_id desc, c.position desc
          limit $4)
         union
        (select t.position
           from record.participant t
           join record.event p on p.partition = $1 and p.position = t.position
          where t.partition = $1 and t.customer_id = $10::uuid
            and t.position >= $2::bigint and t.position < $3::bigint
            and ($5::text is null or p.actor = $5)
            and ($6::uuid is null or p.correlation_id = $6)
            and ($7::text is null or p.type = $7)
            and ($8::timestamptz is null or p.occurred_at >= $8)
            and ($9::timestamptz is null or p.occurred_at < $9)
            and ($11::uuid is null or p.stream_id = $11)
            and not exists (select
                              from record.confidential k
                             where k.partition = $1 and k.stream_id = p.stream_id
                               and not coalesce((k.matter_group = any ($12::text[]) or k.stream_id = any ($14::uuid[]))
                                                and not k.withheld_from ? $13::text, false))
          order by t.customer_id desc, t.position desc
          limit $4)) mine
  join record.event e on e.partition = $1 and e.position = mine.position
 order by e.position desc
 limit $4
