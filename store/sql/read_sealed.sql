-- A probe per event, of which only the primary key gives the order; the limit as in read_streams.
select s.event_id, s.subject_id, s.record_class, s.key_id, s.blob
  from unnest($2::uuid[]) wanted (event_id)
 cross join lateral (select * from record.sealed b
                      where b.partition = $1 and b.event_id = wanted.event_id
                        and ($4::text[] is null or b.record_class = any ($4))
                      order by b.event_id, b.subject_id, b.record_class
                      limit $3) s
