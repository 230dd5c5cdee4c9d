with held as (
    update seal.log set size = $6, root = $7, expires_at = clock_timestamp() + $8
     where partition = $1 and kind = $2 and shard = $3 and epoch = $4 and size = $5
    returning partition
), put as (
    insert into seal.tile (partition, kind, shard, level, number, hashes)
    select $1, $2, $3, t.level, t.number, t.hashes
      from held, unnest($9::smallint[], $10::bigint[], $11::bytea[]) t (level, number, hashes)
        on conflict (partition, kind, shard, level, number) do update set hashes = excluded.hashes
)
select count(*) from held
