-- What time alone does to contacts: held touches that are looked at again, and consents that run out; and how far the
-- record was read for them. Made from the record, and can be made anew at any time; so it has no version of its own.

create table read_model.contact_due (
    partition   smallint    not null check (partition >= 0),
    kind        text        not null check (kind in ('touch', 'consent')),
    key         uuid        not null,   -- of a touch its stream; of a consent the event that granted it
    customer_id uuid        not null,
    due_at      timestamptz not null,
    cause       uuid        not null,   -- the event that it is looked at because of
    primary key (partition, kind, key)
);
create index contact_due_next on read_model.contact_due (partition, due_at);
create index contact_due_of_customer on read_model.contact_due (partition, customer_id);

create table read_model.contact_bookmark (
    partition   smallint    not null check (partition >= 0),
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    lease_epoch bigint      not null default 0,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition)
) with (fillfactor = 50);

-- Which duties there are is told by the program; the database only keeps them words.
alter table read_model.lease drop constraint lease_duty_check;
alter table read_model.lease add constraint lease_duty_check check (duty ~ '^[a-z][a-z-]{0,39}$');

grant select, insert, update, delete on read_model.contact_due, read_model.contact_bookmark to daybook_app;
