select partition from record.partition_head order by partition
