-- What each version of a read model has met, counted where it folds and written with its rows, so that it can be
-- compared with the logs: nothing missed, nothing folded twice.

-- Events by UTC day of recorded_at and by type: those that were folded, and those that the read model passes over.
-- `sum` is of (position + 1) times the event id as a number of 128 bits.
create table read_model.tally (
    partition      smallint not null check (partition >= 0),
    projection     text     not null,
    version        int      not null,
    day            date     not null,
    type           text     not null,
    folded         boolean  not null,
    events         bigint   not null check (events > 0),
    sum            numeric  not null,
    first_position bigint   not null check (first_position >= 0),
    last_position  bigint   not null check (last_position >= first_position),
    primary key (partition, projection, version, day, type, folded)
) with (fillfactor = 50);

grant select, insert, update, delete on read_model.tally to daybook_app;

-- Whether a version has tallies of all it has read: not one that was begun before there were any.
alter table read_model.version add column tallied boolean not null default true;
update read_model.version v set tallied = false
 where exists (select from read_model.bookmark b
                where b.projection = v.projection and b.version = v.version and b.position > 0);
