delete from vault.hold where partition = $1 and hold_id = $2 and subject_id = $3
