-- template: {v} is the version of the tables
select *
  from read_model.holding{v} r
 where r.partition = $1
   and (r.customer_id, r.opened_at, r.holding_id) < ($2::uuid, coalesce($3::timestamptz, 'infinity'),
                                           coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
   and r.customer_id >= $2::uuid
 order by r.customer_id desc, r.opened_at desc, r.holding_id desc
 limit $5
