-- template: {v} is the version of the tables
-- Customers of a partition who take or took part in merges, whose rows were changed after position $2.
select c.customer_id, c.merges, c.position
  from read_model.customer_profile{v} c
 where c.partition = $1 and c.position > $2 and c.merges <> '{}'
 order by c.partition, c.position
 limit $3
