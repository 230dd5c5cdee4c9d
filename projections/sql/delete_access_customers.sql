delete from read_model.access_customer c where c.partition = $1
