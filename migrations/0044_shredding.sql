-- Shredding: a role of its own destroys keys and deletes what they sealed, and only what may go. The database says
-- so itself: no key and no blob goes without a tombstone, no tombstone is set while a legal hold stands, and nothing
-- is sealed under a tombstone any more.

-- Whose key it was, and what the key committed to: the certificate names both after the key is gone. Null only where
-- an older program set the tombstone.
alter table vault.tombstone
    add column subject_id   uuid,
    add column record_class text,
    add column commitment   bytea;
create index tombstone_subject on vault.tombstone (partition, subject_id);

-- For this subject and class no key is ever made again. Permanent.
create table vault.erasure (
    partition    smallint    not null check (partition >= 0),
    subject_id   uuid        not null,
    record_class text        not null check (record_class ~ '^[a-z][a-z0-9._-]{0,62}$'),
    created_at   timestamptz not null default clock_timestamp(),
    primary key (partition, subject_id, record_class)
);

-- While one stands, nothing of the subject is erased or disposed of in its class, or in any where that is `*`.
create table vault.hold (
    partition    smallint    not null check (partition >= 0),
    hold_id      uuid        not null,
    subject_id   uuid        not null,
    record_class text        not null check (record_class = '*' or record_class ~ '^[a-z][a-z0-9._-]{0,62}$'),
    placed_at    timestamptz not null default clock_timestamp(),
    primary key (partition, hold_id, subject_id, record_class)
);
create index hold_subject on vault.hold (partition, subject_id);

create function vault.refuse_held(p smallint, subject uuid, class text) returns void
language plpgsql stable
as $$
begin
    if exists (select from vault.hold h
                where h.partition = p and h.subject_id = subject and h.record_class in ('*', class)) then
        raise exception 'a legal hold stands over % of subject % in partition %', class, subject, p
            using errcode = 'DB007', hint = 'Release the hold first.';
    end if;
end;
$$;

-- Whose key a tombstone is for is read from the key, not taken from who sets it.
create function vault.set_tombstone() returns trigger
language plpgsql
as $$
declare
    key vault.data_key;
begin
    select * into key from vault.data_key k where k.partition = new.partition and k.key_id = new.key_id;
    if found then
        new.subject_id := key.subject_id;
        new.record_class := key.record_class;
        new.commitment := key.commitment;
    end if;
    perform vault.refuse_held(new.partition, new.subject_id, new.record_class);
    return new;
end;
$$;

create function vault.refuse_held_erasure() returns trigger
language plpgsql
as $$
begin
    perform vault.refuse_held(new.partition, new.subject_id, new.record_class);
    return new;
end;
$$;

create function vault.refuse_erased() returns trigger
language plpgsql
as $$
begin
    if exists (select from vault.erasure e
                where e.partition = new.partition and e.subject_id = new.subject_id
                  and e.record_class = new.record_class) then
        raise exception '% of subject % is erased and gets no key any more', new.record_class, new.subject_id
            using errcode = 'DB008';
    end if;
    return new;
end;
$$;

create function vault.refuse_living() returns trigger
language plpgsql
as $$
begin
    if not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'DELETE on vault.data_key is refused: key % has no tombstone', old.key_id
            using errcode = 'DB005';
    end if;
    perform vault.refuse_held(old.partition, old.subject_id, old.record_class);
    return old;
end;
$$;

create function vault.rewrap_only() returns trigger
language plpgsql
as $$
begin
    if (new.partition, new.key_id, new.subject_id, new.record_class, new.commitment, new.created_at)
       is distinct from
       (old.partition, old.key_id, old.subject_id, old.record_class, old.commitment, old.created_at) then
        raise exception 'UPDATE on vault.data_key is refused: a key is wrapped anew and nothing else'
            using errcode = 'DB005';
    end if;
    return new;
end;
$$;

create function vault.eraser_only() returns trigger
language plpgsql
as $$
begin
    if current_user <> 'daybook_eraser' then
        raise exception '% on vault.% is refused: role daybook_eraser may', tg_op, tg_table_name
            using errcode = 'DB005';
    end if;
    return old;
end;
$$;

create trigger set_tombstone before insert on vault.tombstone
    for each row execute function vault.set_tombstone();
create trigger refuse_erased before insert on vault.data_key
    for each row execute function vault.refuse_erased();
create trigger refuse_living before delete on vault.data_key
    for each row execute function vault.refuse_living();
create trigger rewrap_only before update on vault.data_key
    for each row execute function vault.rewrap_only();
create trigger refuse_held before insert on vault.erasure
    for each row execute function vault.refuse_held_erasure();
create trigger refuse_change before update or delete on vault.erasure
    for each row execute function vault.refuse_change();
create trigger refuse_change before update on vault.hold
    for each row execute function vault.refuse_change();
create trigger eraser_only before delete on vault.hold
    for each row execute function vault.eraser_only();
create trigger refuse_truncate before truncate on vault.erasure execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.hold execute function vault.refuse_change();

-- Blobs. Who deletes them locks the head of the partition first, as who appends does: so a blob is either there to
-- be deleted, or its append sees the tombstone.

create function record.refuse_tombstoned() returns trigger
language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    destroyed uuid;
begin
    select t.key_id into destroyed
      from appended a
      join vault.tombstone t on t.partition = a.partition and t.key_id = a.key_id
     limit 1;
    if found then
        raise exception 'data key % was destroyed: nothing is sealed under it any more', destroyed
            using errcode = 'DB006';
    end if;
    return null;
end;
$$;

create function record.refuse_living() returns trigger
language plpgsql
as $$
begin
    if not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'DELETE on record.sealed is refused: key % has no tombstone', old.key_id
            using errcode = 'DB005';
    end if;
    perform vault.refuse_held(old.partition, old.subject_id, old.record_class);
    return old;
end;
$$;

drop trigger refuse_change on record.sealed;
create trigger refuse_change before update on record.sealed
    for each row execute function record.refuse_change();
create trigger refuse_living before delete on record.sealed
    for each row execute function record.refuse_living();
create trigger refuse_tombstoned after insert on record.sealed
    referencing new table as appended
    for each statement execute function record.refuse_tombstoned();

-- A quarantined row keeps why it is there; its text goes.
create function intake.erase_only() returns trigger
language plpgsql
as $$
begin
    if new.blob is not null
       or (new.partition, new.import_id, new.row_number, new.line_number, new.source, new.file_sha256, new.reasons,
           new.fields, new.row_id, new.key_id, new.sha256, new.quarantined_at)
          is distinct from
          (old.partition, old.import_id, old.row_number, old.line_number, old.source, old.file_sha256, old.reasons,
           old.fields, old.row_id, old.key_id, old.sha256, old.quarantined_at)
       or not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'UPDATE on intake.quarantine is refused: only what is erased goes' using errcode = 'DB005';
    end if;
    return new;
end;
$$;
create trigger erase_only before update on intake.quarantine
    for each row execute function intake.erase_only();
create trigger refuse_tombstoned after insert on intake.quarantine
    referencing new table as appended
    for each statement execute function record.refuse_tombstoned();
create index quarantine_key on intake.quarantine (partition, key_id);

-- The application reads all of this and sets holds; only the eraser does the rest.
revoke insert on vault.tombstone from daybook_app;
grant select on vault.erasure to daybook_app;
grant select, insert on vault.hold to daybook_app;

grant usage on schema vault, record, intake to daybook_eraser;
grant select on vault.data_key, vault.tombstone, vault.erasure, vault.hold, vault.key_check to daybook_eraser;
grant insert on vault.tombstone, vault.erasure to daybook_eraser;
grant delete on vault.data_key, vault.hold to daybook_eraser;
grant update (epoch, wrapped) on vault.data_key to daybook_eraser;
grant select, delete on record.sealed to daybook_eraser;
grant select on record.partition_head to daybook_eraser;
grant select (partition, key_id, blob) on intake.quarantine to daybook_eraser;
grant update (blob) on intake.quarantine to daybook_eraser;
