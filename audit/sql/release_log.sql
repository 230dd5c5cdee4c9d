update seal.log set expires_at = clock_timestamp(), trouble = $5
 where partition = $1 and kind = $2 and shard = $3 and epoch = $4
