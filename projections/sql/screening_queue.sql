-- template: {v} is the version of the tables. After ($2, $3): the last one shown. $6 to $8: see `Sight`.
select d.*
  from read_model.drawn_interaction{v} d
 where d.partition = $1 and d.screened_at is null
   and (d.drawn_at, d.interaction_id) > (coalesce($2::timestamptz, '-infinity'),
                                         coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
   and ($5::text is null or d.period = $5)
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = d.interaction_id
                      and not coalesce((k.matter_group = any ($6::text[]) or k.stream_id = any ($8::uuid[]))
                                       and not k.withheld_from ? $7::text, false))
 order by d.drawn_at, d.interaction_id
 limit $4
