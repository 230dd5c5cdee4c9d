-- template: {v} is the version of the tables
select found.customer_id, found.actor
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select a.customer_id, a.actor
                       from read_model.actor{v} a
                      where a.partition = $1 and a.customer_id >= wanted.id and a.customer_id <= wanted.id
                      order by a.partition, a.customer_id, a.actor) found
