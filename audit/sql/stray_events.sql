-- The first event of each partition that there is not.
select partition, min(position) as position
  from record.event
 where partition < 0 or partition >= $1
 group by partition
