update seal.log set signed_size = $5, checkpoint = $6, signed_at = clock_timestamp(), trouble = null
 where partition = $1 and kind = $2 and shard = $3 and epoch = $4 and size >= $5 and signed_size <= $5
   and next_vkey is null
returning epoch
