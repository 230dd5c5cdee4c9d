-- What has been applied to this database: file name, and the SHA-256 of its bytes in hex.
create table daybook.migration (
    name       text        not null primary key,
    sha256     text        not null,
    applied_at timestamptz not null default clock_timestamp()
);
