select projection, version, partition, position
  from read_model.bookmark
 where (projection, version) in (select * from unnest($1::text[], $2::int[]))
 order by projection, version, partition
