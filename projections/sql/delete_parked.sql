delete from read_model.parked where projection = $1 and version = $2
