-- Who was shown data of these customers ($3) on a day.
select c.customer_id, c.actor
  from unnest($3::uuid[]) wanted (id)
 cross join lateral (select a.customer_id, a.actor
                       from read_model.access_customer a
                      where a.partition = $1 and a.day >= $2 and a.day <= $2
                        and a.customer_id >= wanted.id and a.customer_id <= wanted.id
                      order by a.partition, a.day, a.customer_id, a.actor) c
