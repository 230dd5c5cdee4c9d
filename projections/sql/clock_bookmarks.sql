select b.partition, b.position, b.incarnation from read_model.clock_bookmark b order by b.partition
