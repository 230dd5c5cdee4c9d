insert into read_model.complaint_clock as c
       (partition, complaint_id, clock, regime, state, waits, due_at, next_at, confidential, withheld_from, version,
        detail)
select $1, w.complaint_id, w.clock, w.regime, w.state, w.waits, w.due_at, w.next_at, w.confidential,
       w.withheld_from::jsonb, w.version, w.detail::jsonb
  from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[], $8::timestamptz[],
              $9::text[], $10::text[], $11::bigint[], $12::text[])
       w (complaint_id, clock, regime, state, waits, due_at, next_at, confidential, withheld_from, version, detail)
    on conflict (partition, complaint_id, clock) do update
   set regime = excluded.regime, state = excluded.state, waits = excluded.waits, due_at = excluded.due_at,
       next_at = excluded.next_at, confidential = excluded.confidential, withheld_from = excluded.withheld_from,
       version = excluded.version, detail = excluded.detail
 where c.version <= excluded.version
