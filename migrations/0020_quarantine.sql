-- Rows of imported files that could not be read: never dropped, and never part of the record.
-- The row itself may hold personal data, so it is sealed like any (see 0002); why it is here is not.
-- All rows of one import are in the partition of the import's id, which derives from the file.

create schema intake;
grant usage on schema intake to daybook_app;

create table intake.quarantine (
    partition      smallint    not null check (partition >= 0),
    import_id      uuid        not null,
    row_number     bigint      not null check (row_number >= 1),   -- the header is not counted
    line_number    bigint      not null check (line_number >= 1),  -- where the row begins in the file
    source         text        not null,
    file_sha256    bytea       not null check (octet_length(file_sha256) = 32),
    reasons        text[]      not null check (cardinality(reasons) >= 1),
    fields         text[]      not null check (cardinality(fields) = cardinality(reasons)),  -- "-": the whole row
    row_id         uuid        not null,  -- subject of the sealed row, and what the blob is bound to
    key_id         uuid        not null,
    sha256         bytea       not null check (octet_length(sha256) = 32),
    blob           bytea,                  -- null once erased
    quarantined_at timestamptz not null default clock_timestamp(),
    primary key (partition, import_id, row_number)
);
alter table intake.quarantine alter column blob set storage external;  -- ciphertext does not compress

grant select, insert on intake.quarantine to daybook_app;
