-- template: {v} is the version of the tables
select *
  from read_model.legal_hold{v} r
 where r.partition = $1
   and r.open = $2
   and (r.placed_at, r.hold_id) > (coalesce($3::timestamptz, '-infinity'),
                                    coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
 order by r.partition, r.open, r.placed_at, r.hold_id
 limit $5
