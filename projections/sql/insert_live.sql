insert into read_model.live (projection, version) values ($1, $2)
