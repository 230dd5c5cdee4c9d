select base, stamp, refused, reason, detail, item
  from record.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
