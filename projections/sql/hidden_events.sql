-- Of these events of a partition those whose stream does not exist for the viewer. $3 to $5: see `Sight`.
select e.event_id
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select r.event_id, r.stream_id
                       from record.event r
                      where r.partition = $1 and r.event_id >= wanted.id and r.event_id <= wanted.id
                      order by r.partition, r.event_id) e
 cross join lateral (select *
                       from record.confidential c
                      where c.partition = $1 and c.stream_id = e.stream_id) k
 where not coalesce((k.matter_group = any ($3::text[]) or k.stream_id = any ($5::uuid[]))
                    and not k.withheld_from ? $4::text, false)
