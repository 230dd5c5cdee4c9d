select key_id from vault.tombstone where partition = $1 and key_id = any ($2::uuid[])
