select record_class, key_id from vault.data_key where partition = $1 and subject_id = $2
