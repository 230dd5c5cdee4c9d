insert into seal.log (partition, kind, shard, origin, vkey) values ($1, $2, $3, $4, $5) on conflict do nothing
