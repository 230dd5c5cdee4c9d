-- Every taking has an epoch of its own: who lost the lease can write nothing any more. A log whose key is about to be
-- changed waits for the record log to say so; one that was given up for its next shard is taken no more.
update seal.log l
   set holder = $4, epoch = l.epoch + 1, expires_at = clock_timestamp() + $5
 where l.partition = $1 and l.kind = $2 and l.shard = $3
   and (l.expires_at <= clock_timestamp() or l.holder = $4)
   and (l.next_vkey is null or l.kind = 'checkpoint')
   and not exists (select from seal.log n where n.partition = $1 and n.kind = $2 and n.shard > $3)
returning epoch, size, root, signed_size, vkey, checkpoint, old_vkey,
          coalesce(extract(epoch from old_until - clock_timestamp()), 0)::float8 as overlap_s
