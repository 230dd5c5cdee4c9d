-- template: as in measure_cells.sql. How many customers who never took part in a merge ($9: who did), and the ids of all
-- others of them, or of all where rows of one customer lie in several partitions.
select {groups}count(distinct r.customer_id) filter (where not ({apart})),
       array_agg(distinct r.customer_id) filter (where {apart})
  from read_model.{table}{v} r{joined}
  left join unnest($9::uuid[]) m (customer_id) on m.customer_id = r.customer_id
 where r.partition = $1
   and {at} >= coalesce($2::timestamptz, '-infinity') and {at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
 {grouped}
 limit $8
