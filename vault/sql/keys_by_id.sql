-- $1 partition, $2 key ids; a row for each id that is known, destroyed, or (for a time) both
select w.key_id, k.epoch, k.wrapped, k.commitment, t.created_at as destroyed_at
from unnest($2::uuid[]) as w (key_id)
left join vault.data_key k on k.partition = $1 and k.key_id = w.key_id
left join vault.tombstone t on t.partition = $1 and t.key_id = w.key_id
where k.key_id is not null or t.key_id is not null
