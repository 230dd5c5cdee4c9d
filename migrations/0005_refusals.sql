-- Nothing in the record can be updated, deleted or truncated. The application's role lacks the
-- privilege; these triggers stand behind that and refuse the owner too.

create function record.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% on record.% is refused: the record is append-only', tg_op, tg_table_name
        using errcode = 'DB005';
end;
$$;

create trigger refuse_change before update or delete on record.partition_head
    for each row execute function record.refuse_change();
create trigger refuse_change before update or delete on record.incarnation
    for each row execute function record.refuse_change();
create trigger refuse_change before update or delete on record.event
    for each row execute function record.refuse_change();
create trigger refuse_change before update or delete on record.sealed
    for each row execute function record.refuse_change();
create trigger refuse_change before update or delete on record.participant
    for each row execute function record.refuse_change();
create trigger refuse_change before update or delete on record.closed_cut
    for each row execute function record.refuse_change();
create trigger refuse_change before update on record.command
    for each row execute function record.refuse_change();

-- A stored answer goes when its time is over, not before.
create trigger refuse_early_delete before delete on record.command
    for each row when (old.expires_at > clock_timestamp()) execute function record.refuse_change();

create trigger refuse_truncate before truncate on record.partition_head execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.incarnation execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.event execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.sealed execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.participant execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.closed_cut execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.command execute function record.refuse_change();

grant select, insert on all tables in schema record to daybook_app;
revoke insert on record.partition_head from daybook_app;  -- their number is fixed when the record is made
