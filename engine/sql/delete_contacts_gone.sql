delete from read_model.contact_due d where d.partition = $1 and d.key = any ($2::uuid[])
