select partition, kind, shard, origin, vkey, size, root, signed_size, checkpoint, signed_at, trouble,
       next_vkey, old_vkey, old_size, expires_at > clock_timestamp() as held
  from seal.log
 order by kind, partition, shard
