update read_model.bookmark b set lease_epoch = $4
  from unnest($2::text[], $3::int[]) w(projection, version)
 where b.partition = $1 and b.projection = w.projection and b.version = w.version
returning b.projection, b.version, b.position, b.incarnation
