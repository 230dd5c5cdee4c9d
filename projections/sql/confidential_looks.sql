-- Looks on a day at confidential matters that exist for the viewer. $3 to $5: see `Sight`.
select l.actor, l.event_id, l.customer_id
  from read_model.confidential_look l
 cross join lateral (select * from record.confidential c where c.partition = $1 and c.stream_id = l.stream_id) k
 where l.partition = $1 and l.day >= $2 and l.day <= $2
   and coalesce((k.matter_group = any ($3::text[]) or k.stream_id = any ($5::uuid[])) and not k.withheld_from ? $4::text,
                false)
 order by l.partition, l.day, l.actor, l.position
