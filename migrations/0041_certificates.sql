-- Certificates: signed statements about the record (what an erasure did, what a read model has seen of a day, the
-- daily verification). What is signed is kept as it was handed out, and never changes.

-- The keys that have signed certificates, newest last. A key that was replaced stays: old certificates need it.
create table seal.certificate_key (
    partition smallint    not null check (partition = 0),
    vkey      text        not null check (vkey ~ '^[^[:space:]+]+[+][0-9a-f]{8}[+][A-Za-z0-9+/=]+$'),
    since     timestamptz not null default clock_timestamp(),
    primary key (partition, vkey)
);

-- `subject`: what it is about, within its kind, in words of which paths can be made (`customer_profile/0/2026-11-26`).
-- Whoever could write here could not sign, so several may stand side by side and readers take what verifies.
create table seal.certificate (
    partition smallint    not null check (partition >= 0),
    kind      text        not null check (kind ~ '^[a-z]+(-[a-z]+)*/[1-9][0-9]*$'),
    subject   text        not null check (subject ~ '^[A-Za-z0-9_-]{1,100}(/[A-Za-z0-9_-]{1,100}){0,5}$'),
    sha256    bytea       not null check (sha256 = sha256(convert_to(note, 'UTF8'))),
    issued_at timestamptz not null default clock_timestamp(),
    note      text        not null check (length(note) between 1 and 1000000),
    primary key (partition, kind, subject, sha256)
);

create trigger refuse_change before update or delete on seal.certificate_key
    for each row execute function seal.refuse_change();
create trigger refuse_change before update or delete on seal.certificate
    for each row execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.certificate_key execute function seal.refuse_change();
create trigger refuse_truncate before truncate on seal.certificate execute function seal.refuse_change();

-- The application certifies what it did (an erasure), the sealer what it found.
grant select on seal.certificate_key, seal.certificate to daybook_app, daybook_sealer;
grant insert on seal.certificate to daybook_app, daybook_sealer;
grant insert on seal.certificate_key to daybook_sealer;
