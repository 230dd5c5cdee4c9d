-- Every taking has an epoch of its own: who lost the lease can write nothing any more.
update seal.log l
   set holder = $4, epoch = l.epoch + 1, expires_at = clock_timestamp() + $5
 where l.partition = $1 and l.kind = $2 and l.shard = $3
   and (l.expires_at <= clock_timestamp() or l.holder = $4)
returning epoch, size, root, signed_size
