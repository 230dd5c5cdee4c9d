insert into record.incarnation (partition, incarnation, fingerprint, position)
select $1, $2, $3, coalesce((select e.position + 1 from record.event e
                              where e.partition = $1 order by e.position desc limit 1), 0)
    on conflict do nothing
