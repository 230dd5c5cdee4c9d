-- Of these streams of a partition those that do not exist for the viewer. $3 to $5: see `Sight`.
select k.stream_id
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select *
                       from record.confidential c
                      where c.partition = $1 and c.stream_id = wanted.id) k
 where not coalesce((k.matter_group = any ($3::text[]) or k.stream_id = any ($5::uuid[]))
                    and not k.withheld_from ? $4::text, false)
