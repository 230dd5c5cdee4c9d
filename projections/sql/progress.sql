select l.projection, b.partition, b.position,
       (select count(*) from read_model.parked p
         where p.partition = b.partition and p.projection = b.projection and p.version = b.version
           and p.error is not null) as parked,
       l.version
  from read_model.live l
  join read_model.bookmark b on b.projection = l.projection and b.version = l.version
 where l.partition = 0
 order by l.projection, b.partition
