-- template: as in measure_cells.sql, one row for each thing counted, the latest first; before ($8, $9).
select r.{key} as id, r.{key} as stream_id, r.{at} as at, ({amount})::bigint as amount
  from read_model.{table}{v} r
 where r.partition = $1
   and r.{at} >= coalesce($2::timestamptz, '-infinity') and r.{at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
   and (r.{at}, r.{key}) < (coalesce($8::timestamptz, 'infinity'),
                            coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 order by r.{at} desc, r.{key} desc
 limit $10
