update intake.quarantine set blob = null
 where partition = $1 and key_id = any ($2::uuid[]) and blob is not null
