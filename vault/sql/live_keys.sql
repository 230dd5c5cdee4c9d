-- $1 partition, $2 subject ids, $3 record classes (pairwise); a row for each that has a key or never gets one again
select w.subject_id, w.record_class, k.key_id, k.epoch, k.wrapped, k.commitment,
       t.created_at as destroyed_at, e.created_at as erased_at
from unnest($2::uuid[], $3::text[]) as w (subject_id, record_class)
left join vault.data_key k
    on k.partition = $1 and k.subject_id = w.subject_id and k.record_class = w.record_class
left join vault.tombstone t on t.partition = $1 and t.key_id = k.key_id
left join vault.erasure e
    on e.partition = $1 and e.subject_id = w.subject_id and e.record_class = w.record_class
where k.key_id is not null or e.created_at is not null
