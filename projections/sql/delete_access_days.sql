delete from read_model.access_day d where d.partition = $1
