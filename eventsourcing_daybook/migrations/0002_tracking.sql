-- How far an application has processed the notifications of another one. Not part of any history, so it is updated;
-- room is left in the pages for that.
create table record.tracking (
    partition       smallint not null,
    upstream        text     not null,
    notification_id bigint   not null,
    primary key (partition, upstream)
) with (fillfactor = 50);

-- Records that a notification has been processed; refuses one that is not after the last.
create function record.track(p smallint, of_upstream text, id bigint) returns bigint
language plpgsql volatile
as $$
declare
    tracked bigint;
begin
    insert into record.tracking as t (partition, upstream, notification_id) values (p, of_upstream, id)
        on conflict (partition, upstream) do update set notification_id = excluded.notification_id
        where t.notification_id < excluded.notification_id
    returning t.notification_id into tracked;
    if not found then
        raise exception 'notification % of % has been processed already, or one after it has', id, of_upstream
            using errcode = 'unique_violation';
    end if;
    return tracked;
end;
$$;

grant select, insert, update on record.tracking to daybook_app;
