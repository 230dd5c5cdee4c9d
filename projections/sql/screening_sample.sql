-- template: {v} is the version of the tables. $3 to $5: see `Sight`.
select d.plan_version, d.channel, d.purpose, d.per_10_000, count(*) as drawn, count(d.finding) as screened,
       count(*) filter (where d.finding = 'complaint-recorded') as recorded,
       count(*) filter (where d.finding = 'missed-complaint') as missed
  from read_model.drawn_interaction{v} d
 where d.partition = $1 and d.period = $2
   and not exists (select
                     from record.confidential k
                    where k.partition = $1 and k.stream_id = d.interaction_id
                      and not coalesce((k.matter_group = any ($3::text[]) or k.stream_id = any ($5::uuid[]))
                                       and not k.withheld_from ? $4::text, false))
 group by d.plan_version, d.channel, d.purpose, d.per_10_000
