insert into read_model.parked (partition, projection, version, key, position, error)
select $1, $2, $3, u.key, u.position, u.error
  from unnest($4::uuid[], $5::bigint[], $6::text[]) u(key, position, error)
