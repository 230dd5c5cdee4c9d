select b.position, b.incarnation, b.code from read_model.access_bookmark b where b.partition = $1
