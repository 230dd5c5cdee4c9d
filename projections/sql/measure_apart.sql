-- template: as in measure_people.sql, one row for each customer whose id it would tell, with the first stream and time.
select r.customer_id, (array_agg(r.{key} order by {at}, r.{key}))[1], min({at})
  from read_model.{table}{v} r{joined}
  left join unnest($8::uuid[]) m (customer_id) on m.customer_id = r.customer_id
 where r.partition = $1
   and {at} >= coalesce($2::timestamptz, '-infinity') and {at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where} and {apart}
 group by r.customer_id
