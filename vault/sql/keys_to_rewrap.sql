-- $2: keys of epochs before this one; $3: after this key id
select key_id, epoch, wrapped
  from vault.data_key
 where partition = $1 and epoch < $2 and key_id > $3
 order by key_id
 limit $4
