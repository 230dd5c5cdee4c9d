-- template: {v} is the version of the tables
-- Customers in one of these segments ($3) that anybody was shown on a day.
select a.customer_id, a.actor
  from read_model.access_customer a
 cross join lateral (select c.segments
                       from read_model.customer_profile{v} c
                      where c.partition = $1 and c.customer_id >= a.customer_id and c.customer_id <= a.customer_id
                      order by c.partition, c.customer_id
                      limit 1) p
 where a.partition = $1 and a.day >= $2 and a.day <= $2 and p.segments ?| $3::text[]
 order by a.partition, a.day, a.customer_id, a.actor
