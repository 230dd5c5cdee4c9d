-- The record: every event of the bank, immutable, and what must commit with it.
-- Rules that hold for every table here: it carries `partition`, every unique key contains it,
-- and no statement needs two partitions (the same schema runs on Citus).

create schema record;
grant usage on schema record to daybook_app;

-- A row to lock per partition. It is never updated: an updated counter leaves a dead row per
-- append behind, and one old snapshot (pg_dump) then makes every append wade through them.
create table record.partition_head (
    partition smallint not null primary key check (partition >= 0)
);

-- Which database these positions are told in. A restored copy has another fingerprint, hence
-- another incarnation, and cursors made before the restore are refused.
create table record.incarnation (
    partition   smallint    not null references record.partition_head,
    incarnation uuid        not null,
    ordinal     integer     not null,  -- 0, 1, 2, ... in the order they began, whatever the clocks say
    fingerprint text        not null,
    position    bigint      not null,  -- next position when this incarnation began
    began_at    timestamptz not null default clock_timestamp(),
    primary key (partition, incarnation),
    unique (partition, ordinal)
);

create table record.event (
    partition      smallint    not null,
    position       bigint      not null check (position >= 0),
    event_id       uuid        not null,
    stream_id      uuid        not null,
    version        bigint      not null check (version >= 0),
    customer_id    uuid,
    type           text        not null,
    schema         smallint    not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    actor          text        not null,
    correlation_id uuid        not null,
    causation_id   uuid,
    salt           bytea       not null,
    data           bytea,               -- null only after disposal at the end of retention
    meta           bytea       not null,
    primary key (partition, position),
    unique (partition, stream_id, version),
    unique (partition, event_id)
);
create index event_customer on record.event (partition, customer_id, position);

-- Personal data, sealed; the event keeps only the SHA-256 of the blob.
create table record.sealed (
    partition    smallint not null,
    event_id     uuid     not null,
    subject_id   uuid     not null,
    record_class text     not null,
    key_id       uuid     not null,
    blob         bytea    not null,
    primary key (partition, event_id, subject_id, record_class)
);
alter table record.sealed alter column blob set storage external;  -- ciphertext does not compress
create index sealed_subject on record.sealed (partition, subject_id);

-- The customers of an event beside its first.
create table record.participant (
    partition   smallint not null,
    customer_id uuid     not null,
    position    bigint   not null,
    role        text     not null,
    primary key (partition, customer_id, position, role)
);

-- Every answered command, refusals and those that changed nothing included.
create table record.command (
    partition    smallint    not null,
    command_id   uuid        not null,
    request_hmac bytea       not null,
    answer       bytea       not null,
    position     bigint      not null,  -- of its last event; of the last event before it if it has none
    expires_at   timestamptz not null,
    primary key (partition, command_id)
);

-- "As recorded at T" once answered stays answered: no later event may be recorded at or before T.
create table record.closed_cut (
    partition   smallint    not null,
    recorded_at timestamptz not null,
    position    bigint      not null,  -- next position at the cut
    primary key (partition, recorded_at)
);
