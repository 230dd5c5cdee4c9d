select projection, version, type, folded, events, sum, first_position, last_position
  from read_model.tally
 where partition = $1 and day = $2 and (projection, version) in (select * from unnest($3::text[], $4::int[]))
