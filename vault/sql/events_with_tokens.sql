select distinct event_id from vault.blind_index where partition = $1 and event_id = any ($2::uuid[])
