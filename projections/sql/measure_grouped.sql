-- template: as in measure_cells.sql, one row for each customer or complaint of which something was counted, with the first
-- time of it; before ($8, $9).
select {id} as id, (array_agg(r.{key} order by {at}, r.{key}))[1] as stream_id, min({at}) as at,
       ({amount})::bigint as amount
  from read_model.{table}{v} r{joined}
 where r.partition = $1
   and {at} >= coalesce($2::timestamptz, '-infinity') and {at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
 group by {id}
having (min({at}), {id}) < (coalesce($8::timestamptz, 'infinity'),
                            coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 order by min({at}) desc, {id} desc
 limit $10
