-- One customer's events (of some types; of all if none are given), newest first: those that they are the
-- first subject of, and those that they take part in. Row comparisons, so that no plan walks the
-- partition by position instead. What the viewer may not see ($6 to $8: see `Sight`) does not exist.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from ((select c.position
           from record.event c
          where c.partition = $1
            and (c.customer_id, c.position) >= ($2::uuid, 0::bigint)
            and (c.customer_id, c.position) < ($2::uuid, $3::bigint)
            and (cardinality($5::text[]) = 0 or c.type = any ($5::text[]))
            and not exists (select
                              from record.confidential k
                             where k.partition = $1 and k.stream_id = c.stream_id
                               and not coalesce((k.matter_group = any ($6::text[]) or k.stream_id = any ($8::uuid[]))
                                                and not k.withheld_from ? $7::text, false))
          order by c.customer_id desc, c.position desc
          limit $4)
         union
        (select t.position
           from record.participant t
           join record.event p on p.partition = $1 and p.position = t.position
          where t.partition = $1 and t.customer_id = $2::uuid and t.position < $3::bigint
            and (cardinality($5::text[]) = 0 or p.type = any ($5::text[]))
            and not exists (select
                              from record.confidential k
                             where k.partition = $1 and k.stream_id = p.stream_id
                               and not coalesce((k.matter_group = any ($6::text[]) or k.stream_id = any ($8::uuid[]))
                                                and not k.withheld_from ? $7::text, false))
          order by t.customer_id desc, t.position desc
          limit $4)) mine
  join record.event e on e.partition = $1 and e.position = mine.position
 order by e.position desc
 limit $4
