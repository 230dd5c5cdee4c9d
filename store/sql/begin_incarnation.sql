insert into record.incarnation (partition, incarnation, ordinal, fingerprint, position)
select $1, $2, (select count(*) from record.incarnation i where i.partition = $1), $3,
       coalesce((select e.position + 1 from record.event e
                  where e.partition = $1 order by e.position desc limit 1), 0)
    on conflict (partition, incarnation) do nothing
