-- A probe per stream. The limit is a parameter for the planner's sake: it then reckons with a tenth
-- of the rows, and a plan made while the table was small takes the stream's index all the same.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from unnest($2::uuid[]) wanted (stream_id)
 cross join lateral (select * from record.event f
                      where f.partition = $1 and f.stream_id = wanted.stream_id
                      order by f.stream_id, f.version
                      limit $3) e
 order by e.stream_id, e.version
