-- The days of actors ($2) from $3 until before $4 on which they were shown anybody's data.
select before.actor, before.day, before.customers
  from unnest($2::text[]) wanted (actor)
 cross join lateral (select d.actor, d.day, d.customers
                       from read_model.access_day d
                      where d.partition = $1 and d.actor >= wanted.actor and d.actor <= wanted.actor
                        and d.day >= $3 and d.day < $4 and d.customers > 0
                      order by d.partition, d.actor, d.day) before
