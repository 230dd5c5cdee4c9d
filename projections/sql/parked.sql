select p.projection, p.version, p.partition, p.key, p.position, p.error, p.parked_at,
       (select count(*) from read_model.parked q
         where q.partition = p.partition and q.projection = p.projection and q.version = p.version
           and q.key = p.key and q.position > p.position) as queued
  from read_model.live l
  join read_model.parked p on p.projection = l.projection and p.version = l.version
 where l.partition = 0 and p.error is not null
 order by p.projection, p.partition, p.position
 limit $1
