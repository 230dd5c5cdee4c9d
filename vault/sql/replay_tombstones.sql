insert into vault.tombstone (partition, key_id, subject_id, record_class, commitment, created_at)
select $1, w.key_id, w.subject_id, w.record_class, w.commitment, w.created_at
  from unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::timestamptz[])
       w (key_id, subject_id, record_class, commitment, created_at)
 where not exists (select from vault.tombstone t where t.partition = $1 and t.key_id = w.key_id)
