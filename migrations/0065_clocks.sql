-- Clocks of complaints as they stand, a row for each, and how far the record was read for them. They are counted from
-- the record, the policies and the calendars, and can be counted anew at any time; so they have no version of their own.

create table read_model.complaint_clock (
    partition     smallint    not null check (partition >= 0),
    complaint_id  uuid        not null,
    clock         text        not null,
    regime        text        not null,
    state         text        not null,
    waits         boolean     not null,   -- somebody still waits: it runs, or was breached and nothing has stopped it
    due_at        timestamptz not null,   -- infinity while it is paused
    next_at       timestamptz,            -- when time alone does something to it next
    confidential  text,
    withheld_from jsonb       not null,
    version       bigint      not null,   -- of the complaint's stream
    detail        jsonb       not null,   -- the whole answer
    primary key (partition, complaint_id, clock)
);
create index complaint_clock_next on read_model.complaint_clock (partition, next_at) where next_at is not null;
create index complaint_clock_board on read_model.complaint_clock (partition, due_at, complaint_id, clock) where waits;
create index complaint_clock_board_of_clock on read_model.complaint_clock
    (partition, clock, due_at, complaint_id) where waits;

-- `catalogue` is the digest of the policies and calendars that the rows were counted by.
create table read_model.clock_bookmark (
    partition   smallint    not null check (partition >= 0),
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    catalogue   text        not null,
    lease_epoch bigint      not null default 0,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition)
) with (fillfactor = 50);

alter table read_model.lease drop constraint lease_duty_check;
alter table read_model.lease add constraint lease_duty_check check (duty in ('follow', 'rebuild', 'clocks'));

grant select, insert, update, delete on read_model.complaint_clock, read_model.clock_bookmark to daybook_app;
