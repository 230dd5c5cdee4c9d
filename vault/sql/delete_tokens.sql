delete from vault.blind_index where partition = $1 and key_id = any ($2::uuid[])
