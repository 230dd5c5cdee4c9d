-- The keys of subjects ($2) and record classes ($3, pairwise); those that are missing are made from $4 to $7, in one
-- statement and one commit. A row for each that has a key now or never gets one again; `made`: by this call. What
-- another call makes at the same moment has no row, and is asked for again.
-- A probe per key, of which only one index gives the order (see 0003_append.sql): a plan made while the table was empty
-- took any other, and read the whole partition for each key.
-- One order for everybody: two processes that create the same keys wait for each other, and never in a circle.
with wanted as (
    select w.subject_id, w.record_class, w.key_id, w.epoch, w.wrapped, w.commitment
      from unnest($2::uuid[], $3::text[], $4::uuid[], $5::integer[], $6::bytea[], $7::bytea[])
           w (subject_id, record_class, key_id, epoch, wrapped, commitment)
), found as (
    select w.subject_id, w.record_class, k.key_id, k.epoch, k.wrapped, k.commitment,
           t.created_at as destroyed_at, e.created_at as erased_at
      from wanted w
      left join lateral (select * from vault.data_key d
                          where d.partition = $1
                            and (d.subject_id, d.record_class) >= (w.subject_id, w.record_class)
                          order by d.subject_id, d.record_class
                          limit 1) k
        on k.subject_id = w.subject_id and k.record_class = w.record_class
      left join vault.tombstone t on t.partition = $1 and t.key_id = k.key_id
      left join vault.erasure e
        on e.partition = $1 and e.subject_id = w.subject_id and e.record_class = w.record_class
     where k.key_id is not null or e.created_at is not null
), made as (
    insert into vault.data_key (partition, key_id, subject_id, record_class, epoch, wrapped, commitment)
    select $1, w.key_id, w.subject_id, w.record_class, w.epoch, w.wrapped, w.commitment
      from wanted w
     where not exists (select from found f
                        where f.subject_id = w.subject_id and f.record_class = w.record_class)
     order by w.subject_id, w.record_class
        on conflict do nothing
    returning subject_id, record_class, key_id
)
select subject_id, record_class, key_id, epoch, wrapped, commitment, destroyed_at, erased_at, false as made from found
union all
select subject_id, record_class, key_id, null, null, null, null, null, true from made
