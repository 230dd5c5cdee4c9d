-- Events of these types of these streams ($2), in the order of each stream.
select stream_id, event_id, type, position, occurred_at
  from record.event
 where partition = $1 and stream_id = any ($2::uuid[]) and type = any ($3::text[])
 order by partition, stream_id, version
