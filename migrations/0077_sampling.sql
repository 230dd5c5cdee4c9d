-- How far the record was read for drawing the interactions that are screened for missed complaints.

create table read_model.sampling_bookmark (
    partition   smallint    not null check (partition >= 0),
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    lease_epoch bigint      not null default 0,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition)
) with (fillfactor = 50);

alter table read_model.lease drop constraint lease_duty_check;
alter table read_model.lease add constraint lease_duty_check
    check (duty in ('follow', 'rebuild', 'clocks', 'sampling'));

grant select, insert, update, delete on read_model.sampling_bookmark to daybook_app;
