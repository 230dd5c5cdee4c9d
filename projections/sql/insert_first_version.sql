insert into read_model.version (projection, version, code) values ($1, 1, $2)
    on conflict do nothing
returning version
