select row_number
  from intake.quarantine
 where partition = $1 and import_id = $2 and row_number = any ($3::bigint[])
