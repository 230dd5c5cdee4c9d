-- template: {v} is the version of the tables
-- Members of staff of a partition of the directory who are customers too.
select a.customer_id, a.actor
  from read_model.actor{v} a
 where a.partition = $1 and a.customer_id is not null
 order by a.partition, a.customer_id, a.actor
