-- How far each partition was read for what customers are asked after. Whom that led to is in the record: reading again
-- from the start invites nobody twice.

create table read_model.survey_bookmark (
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

grant select, insert, update, delete on read_model.survey_bookmark to daybook_app;
