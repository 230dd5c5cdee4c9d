insert into read_model.version (projection, version, code, indexed) values ($1, 1, $2, true)
    on conflict do nothing
returning version
