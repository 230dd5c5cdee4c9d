-- Disposal at the end of retention: `data` of all events of a stream becomes null, and its SHA-256 stays, so that the
-- leaf can still be computed and every proof holds. It is the only change of an event that is ever permitted, to one
-- role, under an event of this partition that says why.

alter table record.event
    add column data_sha256 bytea check (octet_length(data_sha256) = 32),
    add column disposal_id uuid,
    add column disposed_at timestamptz;
-- Looks are of the same make.
alter table reads.event
    add column data_sha256 bytea check (octet_length(data_sha256) = 32),
    add column disposal_id uuid,
    add column disposed_at timestamptz;

create function record.dispose_only() returns trigger
language plpgsql
as $$
begin
    if current_user <> 'daybook_eraser'
       or old.data is null or new.data is not null
       or new.data_sha256 is distinct from sha256(old.data)
       or new.disposal_id is null or new.disposed_at is null
       or (new.partition, new.position, new.event_id, new.stream_id, new.version, new.customer_id, new.type,
           new.schema, new.occurred_at, new.recorded_at, new.actor, new.correlation_id, new.causation_id, new.salt,
           new.meta)
          is distinct from
          (old.partition, old.position, old.event_id, old.stream_id, old.version, old.customer_id, old.type,
           old.schema, old.occurred_at, old.recorded_at, old.actor, old.correlation_id, old.causation_id, old.salt,
           old.meta) then
        raise exception '% on record.% is refused: the record is append-only', tg_op, tg_table_name
            using errcode = 'DB005';
    end if;
    if not exists (select from record.event d
                    where d.partition = old.partition and d.event_id = new.disposal_id and d.data is not null) then
        raise exception 'no event % of partition % says why this is disposed of', new.disposal_id, old.partition
            using errcode = 'DB011';
    end if;
    if exists (select from record.sealed s where s.partition = old.partition and s.event_id = old.event_id) then
        raise exception 'event % still has personal data beside it: erase that first', old.event_id
            using errcode = 'DB012';
    end if;
    if exists (select from vault.hold h
                where h.partition = old.partition
                  and (h.subject_id = old.customer_id
                       or exists (select from record.participant t
                                   where t.partition = old.partition and t.customer_id = h.subject_id
                                     and t.position = old.position))) then
        raise exception 'a legal hold stands over a customer of event %', old.event_id
            using errcode = 'DB007', hint = 'Release the hold first.';
    end if;
    return new;
end;
$$;

-- Half a stream would be folded into something that never was.
create function record.refuse_half_stream() returns trigger
language plpgsql
as $$
begin
    if exists (select from record.event e
                where e.partition = new.partition and e.stream_id = new.stream_id and e.data is not null) then
        raise exception 'stream % is disposed of as a whole or not at all', new.stream_id using errcode = 'DB013';
    end if;
    return null;
end;
$$;

drop trigger refuse_change on record.event;
create trigger refuse_change before delete on record.event
    for each row execute function record.refuse_change();
create trigger dispose_only before update on record.event
    for each row execute function record.dispose_only();
create constraint trigger refuse_half_stream after update on record.event
    deferrable initially deferred
    for each row execute function record.refuse_half_stream();

grant select on record.event, record.participant to daybook_eraser;
grant update (data, data_sha256, disposal_id, disposed_at) on record.event to daybook_eraser;
