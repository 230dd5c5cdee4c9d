update read_model.live set version = $2, previous = $3, since = clock_timestamp()
 where partition = 0 and projection = $1 and version = $3
returning version
