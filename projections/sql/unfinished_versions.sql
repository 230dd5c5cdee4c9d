select v.projection, v.version, v.code
  from read_model.version v
  join read_model.live l on l.partition = 0 and l.projection = v.projection
 where v.partition = 0 and v.purpose = $1 and v.version <> l.version and v.version is distinct from l.previous
   and (v.version > l.version or v.purpose = 'compare')
 order by v.projection, v.version
