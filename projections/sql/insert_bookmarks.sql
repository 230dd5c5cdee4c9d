insert into read_model.bookmark (partition, projection, version, incarnation)
select generate_series(0, $1::int - 1), $2, $3, $4
