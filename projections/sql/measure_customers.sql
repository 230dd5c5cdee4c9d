-- template: as in measure_cells.sql, one row for each customer counted, with the first of what they were counted for;
-- before ($8, $9).
select r.customer_id as id, (array_agg(r.{key} order by r.{at}, r.{key}))[1] as stream_id, min(r.{at}) as at,
       1::bigint as amount
  from read_model.{table}{v} r
 where r.partition = $1
   and r.{at} >= coalesce($2::timestamptz, '-infinity') and r.{at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
 group by r.customer_id
having (min(r.{at}), r.customer_id) < (coalesce($8::timestamptz, 'infinity'),
                                       coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
 order by min(r.{at}) desc, r.customer_id desc
 limit $10
