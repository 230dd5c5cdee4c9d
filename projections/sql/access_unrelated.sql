-- Customers that actors ($3) were shown on a day ($2) of whom no event of these types (patterns of LIKE, $6) was recorded
-- from position $4 until before $5, nor any in which they take part.
select c.actor, c.customer_id
  from unnest($3::text[]) wanted (actor)
 cross join lateral (select a.actor, a.customer_id
                       from read_model.access_customer a
                      where a.partition = $1 and a.day >= $2 and a.day <= $2
                        and a.actor >= wanted.actor and a.actor <= wanted.actor
                      order by a.partition, a.day, a.actor, a.customer_id) c
 where not exists (select from record.event e
                    where e.partition = $1 and e.customer_id = c.customer_id and e.position >= $4 and e.position < $5
                      and e.type like any ($6::text[]))
   and not exists (select from record.participant p
                    where p.partition = $1 and p.customer_id = c.customer_id and p.position >= $4 and p.position < $5)
 order by c.actor, c.customer_id
