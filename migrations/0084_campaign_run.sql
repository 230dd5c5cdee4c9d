-- How far each partition has proposed touches to the audience of a launched campaign. Whom it was proposed to is in the
-- record, and a proposal that is made again does nothing; so a row that is lost is only made anew.

create table read_model.campaign_run (
    partition   smallint    not null check (partition >= 0),
    campaign_id uuid        not null,
    launch      uuid        not null,   -- the event of the launch
    proposed    bigint      not null,   -- how often; who is in two segments counts in both
    segment     text        not null,   -- the segment that is walked
    after       uuid        not null,   -- the last customer of it that was proposed to
    done        boolean     not null,
    moved_at    timestamptz not null default clock_timestamp(),
    primary key (partition, campaign_id)
);

grant select, insert, update on read_model.campaign_run to daybook_app;
