-- template: {v} is the version of the tables. After ($2, $3): the last one shown. $6 to $8: see `Sight`.
select w.*
  from read_model.waiting_correction{v} w
 where w.partition = $1 and w.since is not null
   and (w.since, w.stream_id) > (coalesce($2::timestamptz, '-infinity'),
                                 coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
   and w.kind = any ($5::text[])
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = w.stream_id
                      and not coalesce((k.matter_group = any ($6::text[]) or k.stream_id = any ($8::uuid[]))
                                       and not k.withheld_from ? $7::text, false))
 order by w.since, w.stream_id
 limit $4
