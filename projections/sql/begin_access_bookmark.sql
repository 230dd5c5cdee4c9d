insert into read_model.access_bookmark (partition, incarnation, code) values ($1, $2, $3) on conflict do nothing
