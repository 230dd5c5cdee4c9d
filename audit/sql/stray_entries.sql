-- Entries of no record log, or beyond the one that is about to be sealed.
select e.partition, e.shard, e.position
  from seal.entry e
  left join seal.log l on l.partition = e.partition and l.kind = 'checkpoint' and l.shard = e.shard
 where l.partition is null or e.position > l.size
 limit $1
