delete from vault.data_key where partition = $1 and key_id = any ($2::uuid[])
