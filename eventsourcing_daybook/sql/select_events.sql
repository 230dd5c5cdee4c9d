-- Ordered by all of one index, so that no plan made on an empty table prefers another way.
select version, type, data
  from record.event
 where partition = $1 and stream_id = $2 and version > $3 and version <= $4
 order by stream_id, version
 limit $5
