delete from read_model.tally where projection = $1 and version = $2
