insert into read_model.contact_due (partition, kind, key, customer_id, due_at, cause)
select $1, w.kind, w.key, w.customer_id, w.due_at, w.cause
  from unnest($2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::uuid[])
       w (kind, key, customer_id, due_at, cause)
    on conflict (partition, kind, key) do update
   set customer_id = excluded.customer_id, due_at = excluded.due_at, cause = excluded.cause
