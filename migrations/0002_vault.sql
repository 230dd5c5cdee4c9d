-- Keys for personal data. Nothing here refers to another schema: the vault may live in a database
-- of its own, with its own backup window. Rules as for the record: every table carries
-- `partition`, every unique key contains it.

create schema vault;
grant usage on schema vault to daybook_app;

-- One data key per subject and record class, wrapped by the key-encryption key of an epoch.
-- Re-wrapping changes `epoch` and `wrapped`; destroying deletes the row.
create table vault.data_key (
    partition    smallint    not null check (partition >= 0),
    key_id       uuid        not null,
    subject_id   uuid        not null,
    record_class text        not null check (record_class ~ '^[a-z][a-z0-9._-]{0,62}$'),
    epoch        integer     not null check (epoch >= 1),
    wrapped      bytea       not null check (octet_length(wrapped) = 40),     -- AES-KWP of 32 bytes
    commitment   bytea       not null check (octet_length(commitment) = 32),  -- as in each envelope
    created_at   timestamptz not null default clock_timestamp(),
    primary key (partition, key_id),
    unique (partition, subject_id, record_class)
);

-- A key id that can never be created or restored again. Permanent.
create table vault.tombstone (
    partition  smallint    not null check (partition >= 0),
    key_id     uuid        not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (partition, key_id)
);

-- Which keys of the key store this database was filled with, each by its check value, so that
-- a key store which is another one, or an older copy, is refused at start.
create table vault.key_check (
    partition  smallint    not null check (partition >= 0),
    name       text        not null,  -- root, epoch-1, epoch-2, ...
    value      bytea       not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (partition, name)
);

-- Restoring a backup of data_key under a tombstone must fail. (A tombstone set while the insert is
-- under way is not seen here; every reader joins the tombstones and so refuses the key as well.)
create function vault.refuse_tombstoned() returns trigger
language plpgsql
as $$
begin
    if exists (select from vault.tombstone t where t.partition = new.partition and t.key_id = new.key_id) then
        raise exception 'data key % of partition % was destroyed and can never come back', new.key_id, new.partition
            using errcode = 'DB006';
    end if;
    return new;
end;
$$;

create function vault.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% on vault.% is refused', tg_op, tg_table_name using errcode = 'DB005';
end;
$$;

create trigger refuse_tombstoned before insert or update of partition, key_id on vault.data_key
    for each row execute function vault.refuse_tombstoned();
create trigger refuse_change before update or delete on vault.tombstone
    for each row execute function vault.refuse_change();
create trigger refuse_change before update or delete on vault.key_check
    for each row execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.data_key execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.tombstone execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.key_check execute function vault.refuse_change();

-- Re-wrapping and destroying belong to a role of their own, never to the application's.
grant select, insert on vault.data_key, vault.tombstone, vault.key_check to daybook_app;
