-- Transparency logs over the record: tiles of hashes, signed checkpoints. No personal data, nothing that is not in
-- the record already but signatures; what is served from here anybody may keep. Rules as for the record: every
-- table carries `partition`, every unique key contains it. What belongs to no partition stands in 0.

create schema seal;
grant usage on schema seal to daybook_app, daybook_sealer;

-- The name that the origins of all logs begin with; fixed when the first log is made.
create table seal.identity (
    partition smallint not null primary key check (partition = 0),
    log_id    text     not null check (log_id ~ '^[^[:space:]+]+$' and log_id !~ '^/|/$|//')
);

-- A log: of a partition of the record, of one of the looks, or of the checkpoints of all others (`record log`).
-- `size` and `root` are committed with the tiles; `signed_size` follows when the second path has agreed and the
-- guard outside the database has been moved on.
create table seal.log (
    partition   smallint    not null check (partition >= 0),
    kind        text        not null check (kind in ('event', 'look', 'checkpoint')),
    shard       integer     not null check (shard >= 0),
    origin      text        not null,
    vkey        text        not null,
    size        bigint      not null default 0 check (size >= 0),
    root        bytea       not null default sha256('') check (octet_length(root) = 32),
    signed_size bigint      not null default 0,
    checkpoint  text,
    signed_at   timestamptz,
    holder      text,
    epoch       bigint      not null default 0,
    expires_at  timestamptz not null default '-infinity',
    trouble     text,
    primary key (partition, kind, shard),
    check (signed_size between 0 and size)
);

-- 256 hashes, 32 bytes each; those at the right of a level grow.
create table seal.tile (
    partition smallint not null,
    kind      text     not null,
    shard     integer  not null,
    level     smallint not null check (level between 0 and 6),
    number    bigint   not null check (number >= 0),
    hashes    bytea    not null check (octet_length(hashes) between 32 and 8192) check (octet_length(hashes) % 32 = 0),
    primary key (partition, kind, shard, level, number)
);
alter table seal.tile alter column hashes set storage external;  -- hashes do not compress

-- The entries of the record log; those of the other logs are computed from the events.
create table seal.entry (
    partition smallint not null,
    shard     integer  not null,
    position  bigint   not null check (position >= 0),
    entry     bytea    not null check (octet_length(entry) <= 65535),
    primary key (partition, shard, position)
);

create function seal.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% on seal.% is refused: a log only grows', tg_op, tg_table_name using errcode = 'DB005';
end;
$$;

-- A hash is never taken back, and none is put in its place.
create function seal.refuse_other_tile() returns trigger
language plpgsql
as $$
begin
    if substr(new.hashes, 1, octet_length(old.hashes)) is distinct from old.hashes
       or (new.partition, new.kind, new.shard, new.level, new.number)
          is distinct from (old.partition, old.kind, old.shard, old.level, old.number) then
        raise exception 'tile %/% of log % % is refused: a tile only grows', old.level, old.number, old.kind,
            old.partition using errcode = 'DB005';
    end if;
    return new;
end;
$$;

create function seal.refuse_shrinking() returns trigger
language plpgsql
as $$
begin
    if new.size < old.size or new.signed_size < old.signed_size or new.epoch < old.epoch
       or (new.partition, new.kind, new.shard, new.origin)
          is distinct from (old.partition, old.kind, old.shard, old.origin) then
        raise exception 'log % is refused: a log only grows, under one origin', old.origin using errcode = 'DB005';
    end if;
    return new;
end;
$$;

create trigger refuse_change before update or delete on seal.identity
    for each row execute function seal.refuse_change();
create trigger refuse_change before update or delete on seal.entry
    for each row execute function seal.refuse_change();
create trigger refuse_change before delete on seal.tile
    for each row execute function seal.refuse_change();
create trigger refuse_change before delete on seal.log
    for each row execute function seal.refuse_change();
create trigger refuse_other before update on seal.tile
    for each row execute function seal.refuse_other_tile();
create trigger refuse_shrinking before update on seal.log
    for each row execute function seal.refuse_shrinking();
create trigger refuse_truncate before truncate on seal.identity execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.log execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.tile execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.entry execute function seal.refuse_change();

-- The hash of an event's leaf, for the second code path: it shares nothing with the program's own.
create function seal.leaf_hash(
    partition smallint, p bigint, event_id uuid, stream_id uuid, version bigint, customer_id uuid, type text,
    schema smallint, occurred_at timestamptz, recorded_at timestamptz, actor text, correlation_id uuid,
    causation_id uuid, salt bytea, data_sha256 bytea, meta_sha256 bytea
) returns bytea
language sql
stable
return sha256('\x00'::bytea || convert_to(
    '{"h":"' || encode(sha256(convert_to(
        '{"actor":' || to_json(actor)
        || ',"causation_id":' || coalesce('"' || causation_id || '"', 'null')
        || ',"correlation_id":"' || correlation_id
        || '","customer_id":' || coalesce('"' || customer_id || '"', 'null')
        || ',"data_sha256":"' || encode(data_sha256, 'base64')
        || '","event_id":"' || event_id
        || '","meta_sha256":"' || encode(meta_sha256, 'base64')
        || '","occurred_at":"' || to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","salt":"' || encode(salt, 'base64')
        || '","schema":' || schema
        || ',"stream_id":"' || stream_id
        || '","type":' || to_json(type)
        || ',"version":' || version || '}', 'UTF8')), 'base64')
    || '","n":' || p || ',"p":' || partition
    || ',"r":"' || to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","v":1}', 'UTF8'));

-- The sealer reads events and writes logs; the application reads what is sealed and seals nothing.
grant select on all tables in schema seal to daybook_app, daybook_sealer;
grant insert on all tables in schema seal to daybook_sealer;
grant update on seal.log, seal.tile to daybook_sealer;
grant usage on schema record, reads to daybook_sealer;
grant select on record.event, record.partition_head, reads.event, reads.partition_head to daybook_sealer;
