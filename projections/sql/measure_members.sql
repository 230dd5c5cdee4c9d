-- template: as in measure_cells.sql. The customers who take or took part in merges, had come by the end and had not gone
-- before the beginning; and whether one is of what was asked for. In the order of the index over them.
select {groups}r.customer_id, {at}, {ends}, $4::text[] is not null and {where}
  from read_model.{table}{v} r
 where r.partition = $1 and r.merges <> '{}'
   and ({ends} is null or {ends} >= coalesce($2::timestamptz, '-infinity')) and {at} < coalesce($3::timestamptz, 'infinity')
 order by r.partition, r.position
