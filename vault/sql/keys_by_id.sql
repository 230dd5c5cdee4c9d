-- $1 partition, $2 key ids; a row for each id that is known, destroyed, or (for a time) both
-- A probe per key, of which only one index gives the order (see 0003_append.sql).
select w.key_id, k.epoch, k.wrapped, k.commitment, t.created_at as destroyed_at
from unnest($2::uuid[]) as w (key_id)
left join lateral (select * from vault.data_key d
                    where d.partition = $1 and d.key_id >= w.key_id
                    order by d.key_id
                    limit 1) k on k.key_id = w.key_id
left join vault.tombstone t on t.partition = $1 and t.key_id = w.key_id
where k.key_id is not null or t.key_id is not null
