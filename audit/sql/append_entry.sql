insert into seal.entry (partition, shard, position, entry) values ($1, $2, $3, $4)
