insert into read_model.tally as t
       (partition, projection, version, day, type, folded, events, sum, first_position, last_position)
select $1, u.*
  from unnest($2::text[], $3::int[], $4::date[], $5::text[], $6::boolean[], $7::bigint[], $8::numeric[], $9::bigint[],
              $10::bigint[]) u
    on conflict (partition, projection, version, day, type, folded) do update
   set events = t.events + excluded.events,
       sum = t.sum + excluded.sum,
       first_position = least(t.first_position, excluded.first_position),
       last_position = greatest(t.last_position, excluded.last_position)
