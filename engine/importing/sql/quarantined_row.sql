select row_id, key_id, sha256, blob
  from intake.quarantine
 where partition = $1 and import_id = $2 and row_number = $3
