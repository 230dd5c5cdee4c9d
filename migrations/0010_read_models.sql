-- Read models: what is folded from the record, and how far. Their own tables are made by the
-- application, `<table>_v<version>`, so that a rebuild can fill new ones beside the live ones.
-- What is said once for all partitions (versions, the pointer) lives in partition 0.

create schema read_model;
grant usage, create on schema read_model to daybook_app;

-- One making of a projection's tables; `code` is the version of the folding code that fills it.
create table read_model.version (
    partition  smallint    not null default 0 check (partition = 0),
    projection text        not null,
    version    int         not null check (version >= 1),
    code       int         not null,
    made_at    timestamptz not null default clock_timestamp(),
    primary key (partition, projection, version)
);

-- The pointer: which version queries read and followers feed. `previous` is kept for rollback.
create table read_model.live (
    partition  smallint    not null default 0 check (partition = 0),
    projection text        not null,
    version    int         not null,
    previous   int,
    since      timestamptz not null default clock_timestamp(),
    primary key (partition, projection)
);

-- Who may feed a partition's live versions (`follow`) or the versions being filled (`rebuild`).
-- An epoch is never given twice, so that a holder who lost the lease can prove nothing any more.
create sequence read_model.lease_epoch;
create table read_model.lease (
    partition  smallint    not null check (partition >= 0),
    duty       text        not null check (duty in ('follow', 'rebuild')),
    holder     text        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null,
    trouble    text,                   -- why its last holder stopped
    primary key (partition, duty)
) with (fillfactor = 50);

-- The next position to read, in which incarnation of the record; moves in the transaction that
-- writes the rows.
create table read_model.bookmark (
    partition   smallint    not null check (partition >= 0),
    projection  text        not null,
    version     int         not null,
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    lease_epoch bigint      not null default 0,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition, projection, version)
) with (fillfactor = 50);

-- Events that could not be folded (`error` says why) and the later ones of the same customer or
-- stream, which queue behind them in order (`error` is null).
create table read_model.parked (
    partition  smallint    not null check (partition >= 0),
    projection text        not null,
    version    int         not null,
    key        uuid        not null,   -- the customer, or the stream of an event without one
    position   bigint      not null,
    error      text,
    parked_at  timestamptz not null default clock_timestamp(),
    primary key (partition, projection, version, key, position)
);
create index parked_poison on read_model.parked (partition, projection, version) where error is not null;

grant usage on sequence read_model.lease_epoch to daybook_app;
grant select, insert, update, delete
   on read_model.version, read_model.live, read_model.lease, read_model.bookmark, read_model.parked
   to daybook_app;
