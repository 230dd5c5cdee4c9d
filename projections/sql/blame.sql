update read_model.parked set error = $6, parked_at = clock_timestamp()
 where partition = $1 and projection = $2 and version = $3 and key = $4 and position = $5
