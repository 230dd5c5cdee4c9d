select t.key_id, t.subject_id, t.record_class, t.commitment, t.created_at
  from vault.tombstone t
 where t.partition = $1 and t.subject_id = $2 and t.record_class = any ($3::text[])
 order by t.record_class, t.created_at, t.key_id
