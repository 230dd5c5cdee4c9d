update read_model.lease set expires_at = clock_timestamp() + $4
 where partition = $1 and duty = $2 and epoch = $3
returning epoch
