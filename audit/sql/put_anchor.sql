with anchored as (
    insert into seal.anchor (partition, origin, size, token, at) values ($1, $2, $3, $4, $5) on conflict do nothing
)
insert into seal.anchoring (partition, origin) values ($1, $2)
    on conflict (partition, origin) do update set asked_at = excluded.asked_at, trouble = null
