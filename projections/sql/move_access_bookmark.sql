-- Compare and set: whoever counted from another position, or by other code, moves nothing and writes nothing.
update read_model.access_bookmark b
   set position = $4, incarnation = $5, code = $6, moved_at = clock_timestamp()
 where b.partition = $1 and b.position = $2 and b.code = $3
returning b.position
