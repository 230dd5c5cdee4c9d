-- What is to be looked at by now, the longest due first: a range of the index.
select d.kind, d.key, d.customer_id, d.due_at, d.cause
  from read_model.contact_due d
 where d.partition = $1 and d.due_at <= $2
 order by d.due_at
 limit $3
