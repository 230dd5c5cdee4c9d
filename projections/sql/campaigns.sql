-- template: {v} is the version of the tables, {by} the condition whose index to use.
select *
  from read_model.campaign{v} c
 where c.partition = $1
   and (c.planned_at, c.campaign_id) < (coalesce($2::timestamptz, 'infinity'),
                                        coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
   and ($5::text is null or c.status = $5)
   {by}
 order by c.planned_at desc, c.campaign_id desc
 limit $4
