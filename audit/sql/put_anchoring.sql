insert into seal.anchoring (partition, origin, trouble) values ($1, $2, $3)
    on conflict (partition, origin) do update set asked_at = excluded.asked_at, trouble = excluded.trouble
