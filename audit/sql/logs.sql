select partition, kind, shard, origin, vkey, size, root, signed_size, checkpoint, signed_at, trouble
  from seal.log
 order by kind, partition, shard
