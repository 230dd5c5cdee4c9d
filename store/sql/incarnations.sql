select partition, incarnation, fingerprint, position, began_at
  from record.incarnation
 order by partition, began_at, incarnation
