-- Of these events of a partition those that belong to a confidential matter, with its stream.
select e.event_id, e.stream_id
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select r.event_id, r.stream_id
                       from record.event r
                      where r.partition = $1 and r.event_id >= wanted.id and r.event_id <= wanted.id
                      order by r.partition, r.event_id) e
 where exists (select from record.confidential c where c.partition = $1 and c.stream_id = e.stream_id)
