select t.level, t.number, t.hashes
  from unnest($4::smallint[], $5::bigint[]) w (level, number)
  join seal.tile t
    on t.partition = $1 and t.kind = $2 and t.shard = $3 and t.level = w.level and t.number = w.number
