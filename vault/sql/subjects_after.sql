select distinct on (k.subject_id) k.subject_id
  from vault.data_key k
 where k.partition = $1 and k.subject_id > $2
 order by k.subject_id
 limit $3
