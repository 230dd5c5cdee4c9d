delete from read_model.parked
 where partition = $1 and projection = $2 and version = $3 and key = $4 and position <= $5
