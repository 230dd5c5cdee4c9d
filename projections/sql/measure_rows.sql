-- template: as in measure_cells.sql, one row for each thing counted, the latest first; before ($8, $9).
select r.{key} as id, r.{stream} as stream_id, {at} as at, ({amount})::bigint as amount
  from read_model.{table}{v} r{joined}
 where r.partition = $1
   and {at} >= coalesce($2::timestamptz, '-infinity') and {at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
   and ({at}, r.{key}) < (coalesce($8::timestamptz, 'infinity'),
                            coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 order by {at} desc, r.{key} desc
 limit $10
