-- One order for everybody: two processes that create the same keys wait for each other, and never in a circle.
-- Those that are erased are left out, for the trigger behind this would refuse all of the batch.
insert into vault.data_key (partition, key_id, subject_id, record_class, epoch, wrapped, commitment)
select $1, w.key_id, w.subject_id, w.record_class, w.epoch, w.wrapped, w.commitment
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::bytea[], $7::bytea[])
    as w (key_id, subject_id, record_class, epoch, wrapped, commitment)
where not exists (select from vault.erasure e
                   where e.partition = $1 and e.subject_id = w.subject_id and e.record_class = w.record_class)
order by w.subject_id, w.record_class
on conflict do nothing
returning key_id
