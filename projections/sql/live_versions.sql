select l.projection, l.version, l.previous, v.code
  from read_model.live l
  join read_model.version v on v.partition = 0 and v.projection = l.projection and v.version = l.version
 where l.partition = 0
 order by l.projection
