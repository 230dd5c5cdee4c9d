insert into seal.witness (partition, origin, name, size, cosigned_at, trouble)
select $1, $2, w.name, w.size, w.cosigned_at, w.trouble
  from unnest($3::text[], $4::bigint[], $5::timestamptz[], $6::text[]) w(name, size, cosigned_at, trouble)
    on conflict (partition, origin, name) do update
   set size = excluded.size,
       cosigned_at = coalesce(excluded.cosigned_at, witness.cosigned_at),
       asked_at = excluded.asked_at,
       trouble = excluded.trouble
