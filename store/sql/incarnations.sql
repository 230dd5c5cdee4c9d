select partition, incarnation, position from record.incarnation order by partition, ordinal
