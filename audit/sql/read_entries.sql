select position, entry from seal.entry where partition = $1 and shard = $4 and position >= $2 and position < $2::bigint + $3::bigint order by position
