update read_model.version set indexed = true where partition = 0 and projection = $1 and version = $2
