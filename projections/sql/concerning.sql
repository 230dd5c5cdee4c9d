-- All events of a partition that concern a customer: as the first one, as a participant, or by what is sealed beside
-- them, or was before it was shredded; oldest first, after position $3.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from ((select c.position
           from record.event c
          where c.partition = $1
            and (c.customer_id, c.position) > ($2::uuid, $3::bigint)
            and (c.customer_id, c.position) < ($2::uuid, 9223372036854775807)
          order by c.customer_id, c.position
          limit $4)
         union
        (select t.position
           from record.participant t
          where t.partition = $1 and t.customer_id = $2::uuid and t.position > $3::bigint
          order by t.customer_id, t.position
          limit $4)
         union
        (select s.position
           from (select b.event_id from record.sealed b where b.partition = $1 and b.subject_id = $2::uuid
                  union
                 select d.event_id from vault.shredded d where d.partition = $1 and d.subject_id = $2::uuid) mine
           join record.event s on s.partition = $1 and s.event_id = mine.event_id
          where s.position > $3::bigint
          order by s.position
          limit $4)) mine
  join record.event e on e.partition = $1 and e.position = mine.position
 order by e.position
 limit $4
