delete from read_model.confidential_look c where c.partition = $1
