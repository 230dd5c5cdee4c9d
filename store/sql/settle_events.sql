-- A probe per id, of which only one index gives the order (see 0003_append.sql).
select e.event_id, e.position, e.recorded_at, e.salt
  from unnest($2::uuid[]) wanted (event_id)
 cross join lateral (select * from record.event f
                      where f.partition = $1 and f.event_id >= wanted.event_id
                      order by f.event_id
                      limit 1) e
 where e.event_id = wanted.event_id
