-- template: {v} is the version of the tables
select found.customer_id, found.steps
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select *
                       from read_model.customer_steps{v} s
                      where s.partition = $1 and s.customer_id >= wanted.id and s.customer_id <= wanted.id
                      order by s.partition, s.customer_id) found
