select coalesce(max(position) + 1, 0) from seal.entry where partition = 0 and shard = $1
