select v.version
  from read_model.version v
  join read_model.live l on l.partition = 0 and l.projection = v.projection
 where v.partition = 0 and v.projection = $1 and v.version <> l.version and v.version is distinct from l.previous
   and v.purpose = 'serve'
