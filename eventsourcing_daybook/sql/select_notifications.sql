select position, stream_id, version, type, data, meta
  from record.event
 where partition = $1 and position >= $2 and position < $3
 order by partition, position
 limit $4
