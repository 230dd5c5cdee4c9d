-- template: {v} is the version of the tables
-- The merges of customers of one partition, of those who have any.
select p.customer_id, p.merges
  from unnest($2::uuid[]) w (customer_id)
  cross join lateral (select c.customer_id, c.merges
                        from read_model.customer_profile{v} c
                       where c.partition = $1 and c.customer_id >= w.customer_id and c.customer_id <= w.customer_id
                       order by c.partition, c.customer_id
                       limit 1) p
 where p.merges <> '{}'
