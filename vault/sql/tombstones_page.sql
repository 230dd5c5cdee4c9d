-- $2: after this key id; those under a legal hold are left for later
select t.key_id, t.subject_id, t.record_class, t.commitment, t.created_at
  from vault.tombstone t
 where t.partition = $1 and t.key_id > $2 and t.subject_id is not null
   and not exists (select from vault.hold h
                    where h.partition = $1 and h.subject_id = t.subject_id
                      and h.record_class in ('*', t.record_class))
 order by t.key_id
 limit $3
