-- Looks at one customer, last recorded first: as first subject or as one of several. $4: the types that may be seen.
select e.partition, e.position, e.event_id, e.stream_id, e.customer_id, e.type, e.recorded_at, e.actor,
       e.correlation_id, e.data
  from ((select c.position
           from reads.event c
          where c.partition = $1
            and (c.customer_id, c.position) >= ($2::uuid, 0::bigint)
            and (c.customer_id, c.position) < ($2::uuid, $3::bigint)
            and c.type = any ($4::text[])
            and ($6::text is null or c.actor = $6)
          order by c.customer_id desc, c.position desc
          limit $5)
         union
        (select t.position
           from reads.participant t
           join reads.event p on p.partition = $1 and p.position = t.position
          where t.partition = $1 and t.customer_id = $2::uuid and t.position < $3::bigint
            and p.type = any ($4::text[])
            and ($6::text is null or p.actor = $6)
          order by t.customer_id desc, t.position desc
          limit $5)) mine
  join reads.event e on e.partition = $1 and e.position = mine.position
 order by e.position desc
 limit $5
