select distinct hold_id, subject_id from vault.hold where partition = $1 order by hold_id
