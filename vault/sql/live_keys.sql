-- $1 partition, $2 subject ids, $3 record classes (pairwise)
select k.subject_id, k.record_class, k.key_id, k.epoch, k.wrapped, k.commitment, t.created_at as destroyed_at
from unnest($2::uuid[], $3::text[]) as w (subject_id, record_class)
join vault.data_key k
    on k.partition = $1 and k.subject_id = w.subject_id and k.record_class = w.record_class
left join vault.tombstone t on t.partition = $1 and t.key_id = k.key_id
