select import_id, source, file_sha256, count(*) as rows, min(quarantined_at) as first_at
  from intake.quarantine
 where partition = $1
 group by import_id, source, file_sha256
 order by first_at, import_id
