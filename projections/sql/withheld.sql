-- The events after which data of these customers is, or is no more, withheld; the types as in the index's condition.
-- Not ordered here: the order of positions would have the planner walk the partition by them.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from record.event e
 where e.partition = $1
   and e.customer_id = any($2::uuid[])
   and e.type in ('erasure.requested', 'erasure.completed', 'erasure.abandoned', 'privacy-request.decided',
                  'privacy-request.restriction-lifted')
