-- Tiles of no log, beyond the end of their log, or with more hashes than it has there.
select t.partition, t.kind, t.shard, t.level, t.number
  from seal.tile t
  left join seal.log l on l.partition = t.partition and l.kind = t.kind and l.shard = t.shard
 where l.partition is null
    or octet_length(t.hashes) / 32 > least((l.size >> (8 * t.level)) - t.number * 256, 256)
 limit $1
