-- Unusual access: what each actor looked at on each day, counted from the looks in `reads`. It is filled by
-- `projections.access_days` and can be filled anew at any time. No personal data: pseudonyms, ids and counts.

-- How far the looks of a partition are counted, in which incarnation, and by which code and time zone.
create table read_model.access_bookmark (
    partition   smallint    not null primary key check (partition >= 0),
    position    bigint      not null default 0 check (position >= 0),
    incarnation uuid        not null,
    code        text        not null,
    moved_at    timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- `customers`: different ones of whom personal data was shown. `hours`: looks by the hour of the bank's day.
create table read_model.access_day (
    partition      smallint not null,
    day            date     not null,
    actor          text     not null,
    roles          text[]   not null,
    customers      bigint   not null,
    looks          bigint   not null,
    hours          bigint[] not null check (cardinality(hours) = 24),
    break_glass    bigint   not null,
    empty_searches bigint   not null,
    denied         bigint   not null,
    primary key (partition, day, actor)
) with (fillfactor = 70);
create index access_day_actor on read_model.access_day (partition, actor, day);

-- Whom an actor was shown personal data of on a day.
create table read_model.access_customer (
    partition   smallint not null,
    day         date     not null,
    actor       text     not null,
    customer_id uuid     not null,
    looks       bigint   not null,
    primary key (partition, day, actor, customer_id)
) with (fillfactor = 70);
create index access_customer_customer on read_model.access_customer (partition, day, customer_id, actor);

-- Looks at what is confidential; they are in no count, for they exist only for who may see the matter.
create table read_model.confidential_look (
    partition   smallint not null,
    position    bigint   not null,
    stream_id   uuid     not null,
    day         date     not null,
    actor       text     not null,
    customer_id uuid     not null,
    event_id    uuid     not null,
    primary key (partition, position, stream_id, customer_id)
);
create index confidential_look_day on read_model.confidential_look (partition, day, actor, position);

grant select, insert, update, delete
   on read_model.access_bookmark, read_model.access_day, read_model.access_customer, read_model.confidential_look
   to daybook_app;
