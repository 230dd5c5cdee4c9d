select count(*)
  from vault.tombstone t
  join intake.quarantine q on q.partition = t.partition and q.key_id = t.key_id and q.blob is not null
 where t.partition = $1
