select partition, position, incarnation from read_model.bookmark where projection = $1 and version = $2
