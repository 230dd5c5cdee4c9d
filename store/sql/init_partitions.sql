insert into record.partition_head (partition) select generate_series(0, $1::int - 1)
