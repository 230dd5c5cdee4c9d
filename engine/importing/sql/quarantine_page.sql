select row_number, line_number, source, file_sha256, reasons, fields, row_id, key_id, sha256, quarantined_at
  from intake.quarantine
 where partition = $1 and import_id = $2 and row_number > $3
 order by row_number
 limit $4
