-- Keys that should be gone: restored from a backup, or a shred was stopped. Held ones stay until they are released.
select count(*)
  from vault.data_key k
  join vault.tombstone t on t.partition = k.partition and t.key_id = k.key_id
 where k.partition = $1
