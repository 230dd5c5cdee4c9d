-- $2 key ids, $3 the epochs they were wrapped under, $4 the new epoch, $5 wrapped anew; one that has changed since is
-- left as it is
update vault.data_key k
   set epoch = $4, wrapped = w.wrapped
  from unnest($2::uuid[], $3::integer[], $5::bytea[]) w (key_id, epoch, wrapped)
 where k.partition = $1 and k.key_id = w.key_id and k.epoch = w.epoch
