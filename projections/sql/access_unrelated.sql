-- Customers that actors ($3) were shown on a day ($2) of whom no event of these types (patterns of LIKE, $6) was recorded
-- from position $4 until before $5, nor any in which they take part. Each customer is probed: an anti-join might read all
-- that was recorded in the period.
select c.actor, c.customer_id
  from unnest($3::text[]) wanted (actor)
 cross join lateral (select a.actor, a.customer_id
                       from read_model.access_customer a
                      where a.partition = $1 and a.day >= $2 and a.day <= $2
                        and a.actor >= wanted.actor and a.actor <= wanted.actor
                      order by a.partition, a.day, a.actor, a.customer_id) c
  left join lateral (select true as found
                       from record.event e
                      where e.partition = $1 and e.customer_id >= c.customer_id and e.customer_id <= c.customer_id
                        and e.position >= $4 and e.position < $5 and e.type like any ($6::text[])
                      order by e.partition, e.customer_id, e.position
                      limit 1) own on true
  left join lateral (select true as found
                       from record.participant p
                      where p.partition = $1 and p.customer_id >= c.customer_id and p.customer_id <= c.customer_id
                        and p.position >= $4 and p.position < $5
                      order by p.partition, p.customer_id, p.position
                      limit 1) other on true
 where own.found is null and other.found is null
 order by c.actor, c.customer_id
