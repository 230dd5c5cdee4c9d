-- A probe per position, of which only the primary key gives the order: with `position = any ($2)` a
-- table that was never analysed is read by the customers' index, the whole partition of it.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from unnest($2::bigint[]) wanted (position)
 cross join lateral (select * from record.event f
                      where f.partition = $1 and f.position >= wanted.position
                      order by f.position
                      limit 1) e
 where e.position = wanted.position
 order by e.position
