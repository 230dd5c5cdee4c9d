insert into vault.key_check (partition, name, value)
select $1, w.name, w.value from unnest($2::text[], $3::bytea[]) as w (name, value)
on conflict do nothing
