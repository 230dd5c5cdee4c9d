select refused, reason, detail, item
  from record.judge($1, $2, $3, $4, $5, $6)
