select b.partition, b.position, b.incarnation
  from read_model.keeper_bookmark b
 where b.duty = 'clocks'
 order by b.partition
