-- template: {v} is the version of the tables
select *
  from read_model.disposal{v} r
 where r.partition = $1
   and r.open = $2
   and (r.proposed_at, r.disposal_id) > (coalesce($3::timestamptz, '-infinity'),
                                    coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
 order by r.partition, r.open, r.proposed_at, r.disposal_id
 limit $5
