insert into read_model.version (projection, version, code)
select $1, 1, $2
 where not exists (select from read_model.live l where l.partition = 0 and l.projection = $1)
on conflict do nothing
returning version
