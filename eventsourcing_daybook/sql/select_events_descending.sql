select version, type, data
  from record.event
 where partition = $1 and stream_id = $2 and version > $3 and version <= $4
 order by stream_id desc, version desc
 limit $5
