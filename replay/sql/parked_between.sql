select projection, version, position
  from read_model.parked
 where partition = $1 and position >= $2 and position < $3
   and (projection, version) in (select * from unnest($4::text[], $5::int[]))
 order by position
 limit $6
