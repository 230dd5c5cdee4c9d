insert into read_model.version (projection, version, code, purpose)
select $1, coalesce(max(version), 0) + 1, $2, $3 from read_model.version where partition = 0 and projection = $1
returning version
