-- Others who vouch for the record log: what each witness cosigned last, and timestamps by others over its checkpoints.

-- How each witness does. Only for people and for asking again: what is believed are the cosignatures in the checkpoint.
create table seal.witness (
    partition   smallint    not null check (partition = 0),
    origin      text        not null,
    name        text        not null,
    size        bigint      not null check (size >= 0),
    cosigned_at timestamptz,
    asked_at    timestamptz not null default clock_timestamp(),
    trouble     text,
    primary key (partition, origin, name)
);

-- A timestamp (RFC 3161, the whole response in DER) over the text of a log's checkpoint at a size.
create table seal.anchor (
    partition smallint    not null check (partition >= 0),
    origin    text        not null,
    size      bigint      not null check (size > 0),
    token     bytea       not null check (octet_length(token) between 1 and 65536),
    at        timestamptz not null,
    primary key (partition, origin, size)
);

-- When a timestamp was asked for last, and why there was none.
create table seal.anchoring (
    partition smallint    not null check (partition >= 0),
    origin    text        not null,
    asked_at  timestamptz not null default clock_timestamp(),
    trouble   text,
    primary key (partition, origin)
);

create trigger refuse_change before update or delete on seal.anchor
    for each row execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.anchor execute function seal.refuse_change();

grant select on seal.witness, seal.anchor, seal.anchoring to daybook_app, daybook_sealer;
grant insert on seal.witness, seal.anchor, seal.anchoring to daybook_sealer;
grant update on seal.witness, seal.anchoring to daybook_sealer;
grant delete on seal.witness to daybook_sealer;
