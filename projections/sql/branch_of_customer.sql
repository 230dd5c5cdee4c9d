-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index.
select branch
  from read_model.customer_profile{v}
 where partition = $1 and customer_id >= $2 and customer_id <= $2
 order by partition, customer_id
