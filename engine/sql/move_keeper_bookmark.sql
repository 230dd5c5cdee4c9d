-- Compare and set: whoever lost the lease, or read from another position, moves nothing.
update read_model.keeper_bookmark b
   set position = $5, incarnation = $6, basis = $7, moved_at = clock_timestamp()
 where b.partition = $1 and b.duty = $2 and b.lease_epoch = $3 and b.position = $4
returning b.position
