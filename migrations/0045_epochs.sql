-- Epochs of key-encryption keys: who made and who destroyed one, with whose approval. Permanent, and said in every
-- partition, so that none has to look into another.
create table vault.epoch (
    partition   smallint    not null check (partition >= 0),
    epoch       integer     not null check (epoch >= 1),
    change      text        not null check (change in ('made', 'emptied', 'destroyed')),
    actor       text        not null,
    approved_by text        not null check (approved_by <> actor),  -- four eyes
    at          timestamptz not null default clock_timestamp(),
    primary key (partition, epoch, change)
);
create index data_key_epoch on vault.data_key (partition, epoch);

-- A process that has not taken up a new epoch yet would wrap keys under one that is to be destroyed.
create function vault.refuse_old_epoch() returns trigger
language plpgsql
as $$
begin
    if exists (select from vault.epoch e
                where e.partition = new.partition and e.epoch = new.epoch and e.change in ('emptied', 'destroyed')) then
        raise exception 'epoch % of the key-encryption keys is over: nothing is wrapped under it', new.epoch
            using errcode = 'DB009';
    end if;
    return new;
end;
$$;

-- Checked when it is written, not only by the program: what is destroyed is used by no key.
create function vault.refuse_used_epoch() returns trigger
language plpgsql
as $$
begin
    if exists (select from vault.data_key k where k.partition = new.partition and k.epoch = new.epoch) then
        raise exception 'epoch % still wraps data keys: wrap them anew first', new.epoch using errcode = 'DB010';
    end if;
    return new;
end;
$$;

create trigger refuse_old_epoch before insert or update of epoch on vault.data_key
    for each row execute function vault.refuse_old_epoch();
create trigger refuse_used_epoch before insert on vault.epoch
    for each row when (new.change in ('emptied', 'destroyed')) execute function vault.refuse_used_epoch();
create trigger refuse_change before update or delete on vault.epoch
    for each row execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.epoch execute function vault.refuse_change();

grant select on vault.epoch to daybook_app;
grant select, insert on vault.epoch to daybook_eraser;
grant insert on vault.key_check to daybook_eraser;
