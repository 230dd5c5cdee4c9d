insert into vault.tombstone (partition, key_id)
select k.partition, k.key_id
  from vault.data_key k
 where k.partition = $1 and k.subject_id = $2 and k.record_class = any ($3::text[])
   and not exists (select from vault.tombstone t where t.partition = $1 and t.key_id = k.key_id)
