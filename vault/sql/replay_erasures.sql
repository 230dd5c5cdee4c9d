insert into vault.erasure (partition, subject_id, record_class, created_at)
select $1, w.subject_id, w.record_class, w.created_at
  from unnest($2::uuid[], $3::text[], $4::timestamptz[]) w (subject_id, record_class, created_at)
    on conflict do nothing
