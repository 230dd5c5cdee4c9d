-- Events of some types that these customers are the first subject of, and of further types those that happened since a
-- moment; a customer at a time, in the order of the record. Row comparisons, so that no plan walks the partition by
-- position instead.
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema, e.occurred_at,
       e.recorded_at, e.actor, e.correlation_id, e.causation_id, e.salt, e.data, e.meta
  from unnest($2::uuid[]) asked(customer_id)
 cross join lateral (
       select c.*
         from record.event c
        where c.partition = $1
          and (c.customer_id, c.position) >= (asked.customer_id, $7::bigint)
          and (c.customer_id, c.position) < (asked.customer_id, $3::bigint)
          and (c.type = any ($4::text[]) or (c.type = any ($5::text[]) and c.occurred_at >= $6::timestamptz))
        order by c.customer_id, c.position) e
