select code from read_model.version where partition = 0 and projection = $1 and version = $2
