-- How far each keeper has read each partition, in one table for all of them. What they have read stays read.

create table read_model.keeper_bookmark (
    partition   smallint    not null check (partition >= 0),
    duty        text        not null check (duty ~ '^[a-z][a-z-]{0,39}$'),
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    basis       text        not null default '',   -- by what the keeper's rows were counted
    lease_epoch bigint      not null default 0,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition, duty)
) with (fillfactor = 50);

insert into read_model.keeper_bookmark (partition, duty, position, incarnation, basis, lease_epoch, moved_at)
select partition, 'clocks', position, incarnation, catalogue, lease_epoch, moved_at from read_model.clock_bookmark
union all
select partition, 'sampling', position, incarnation, '', lease_epoch, moved_at from read_model.sampling_bookmark
union all
select partition, 'contact', position, incarnation, '', lease_epoch, moved_at from read_model.contact_bookmark
union all
select partition, 'surveys', position, incarnation, '', lease_epoch, moved_at from read_model.survey_bookmark;

drop table read_model.clock_bookmark;
drop table read_model.sampling_bookmark;
drop table read_model.contact_bookmark;
drop table read_model.survey_bookmark;

grant select, insert, update, delete on read_model.keeper_bookmark to daybook_app;
