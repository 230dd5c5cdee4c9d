select count(*)
  from vault.tombstone t
  join vault.blind_index b on b.partition = t.partition and b.key_id = t.key_id
 where t.partition = $1
