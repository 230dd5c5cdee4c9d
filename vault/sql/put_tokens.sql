-- What a destroyed key has sealed gets no token any more. One order for everybody, so nobody waits in a circle.
insert into vault.blind_index (partition, event_id, field, token, subject_id, key_id)
select $1, w.event_id, w.field, w.token, w.subject_id, w.key_id
  from unnest($2::uuid[], $3::text[], $4::bytea[], $5::uuid[], $6::uuid[]) w (event_id, field, token, subject_id, key_id)
 where not exists (select from vault.tombstone t where t.partition = $1 and t.key_id = w.key_id)
 order by w.event_id, w.field, w.token
    on conflict do nothing
