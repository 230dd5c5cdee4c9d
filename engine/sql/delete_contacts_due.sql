delete from read_model.contact_due d where d.partition = $1 and d.customer_id = any ($2::uuid[])
