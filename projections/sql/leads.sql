-- template: {v} is the version of the tables, {by} the condition whose index to use.
select *
  from read_model.lead{v} l
 where l.partition = $1
   and (l.captured_at, l.lead_id) < (coalesce($2::timestamptz, 'infinity'),
                                     coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
   and ($5::text is null or l.source = $5)
   and ($6::text is null or l.status = $6)
   and ($7::uuid is null or l.customer_id = $7)
   {by}
 order by l.captured_at desc, l.lead_id desc
 limit $4
