update record.event
   set data = null, data_sha256 = sha256(data), disposal_id = $3, disposed_at = clock_timestamp()
 where partition = $1 and stream_id = $2 and data is not null
