select count(*)
  from vault.tombstone t
  join record.sealed s on s.partition = t.partition and s.subject_id = t.subject_id and s.key_id = t.key_id
 where t.partition = $1
