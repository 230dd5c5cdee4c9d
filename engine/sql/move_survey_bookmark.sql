-- Compare and set: whoever lost the lease, or read from another position, moves nothing.
update read_model.survey_bookmark b
   set position = $4, incarnation = $5, moved_at = clock_timestamp()
 where b.partition = $1 and b.lease_epoch = $2 and b.position = $3
returning b.position
