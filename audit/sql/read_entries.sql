select position, entry from seal.entry where partition = $1 and shard = $4 and position >= $2 order by position limit $3
