-- Adds looks at customers; answers those who are new on the actor's day.
with added as (
    insert into read_model.access_customer as c (partition, day, actor, customer_id, looks)
    select $1, u.* from unnest($2::date[], $3::text[], $4::uuid[], $5::bigint[]) u
        on conflict (partition, day, actor, customer_id) do update set looks = c.looks + excluded.looks
    returning c.day, c.actor, c.xmax = 0 as is_new
)
select a.day, a.actor, count(*) as customers
  from added a
 where a.is_new
 group by a.day, a.actor
