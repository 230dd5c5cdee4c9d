-- What a customer's profile says of events, told from those that the viewer may see ($3 to $5: see `Sight`): the last
-- one of the types that change a profile ($7), and when the last interaction was. For the few customers with
-- confidential matters only.
select e.position, e.event_id,
       max(e.occurred_at) filter (where e.type = 'interaction.recorded') over () as last_interaction_at
  from record.event e
 where e.partition = $1
   and (e.customer_id, e.position) >= ($2::uuid, 0::bigint)
   and (e.customer_id, e.position) <= ($2::uuid, $6::bigint)
   and e.type = any ($7::text[])
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = e.stream_id
                      and not coalesce((k.matter_group = any ($3::text[]) or k.stream_id = any ($5::uuid[]))
                                       and not k.withheld_from ? $4::text, false))
 order by e.customer_id desc, e.position desc
 limit 1
