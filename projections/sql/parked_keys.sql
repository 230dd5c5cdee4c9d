select projection, key
  from read_model.parked
 where partition = $1 and (projection, version) in (select * from unnest($2::text[], $3::int[])) and error is not null
