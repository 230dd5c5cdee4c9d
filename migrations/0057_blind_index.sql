-- Search by what is sealed: a token of each searchable value, a keyed hash cut short. Without the root secret it tells
-- nothing of the value. It is erased with the key of what it was made from, by the same role and the same rules.

create table vault.blind_index (
    partition  smallint not null check (partition >= 0),
    event_id   uuid     not null,  -- whose sealed value it stands for
    field      text     not null check (field ~ '^[a-z][a-z0-9._-]{0,62}$'),
    token      bytea    not null check (octet_length(token) = 16),
    subject_id uuid     not null,
    key_id     uuid     not null,  -- what the value is sealed under
    primary key (partition, event_id, field, token)
);
create index blind_index_token on vault.blind_index (partition, field, token, subject_id);
create index blind_index_key on vault.blind_index (partition, key_id);

create function vault.refuse_living_token() returns trigger
language plpgsql
as $$
declare
    gone vault.tombstone;
begin
    select * into gone from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id;
    if not found then
        raise exception 'DELETE on vault.blind_index is refused: key % has no tombstone', old.key_id
            using errcode = 'DB005';
    end if;
    perform vault.refuse_held(old.partition, old.subject_id, gone.record_class);
    return old;
end;
$$;

create trigger refuse_tombstoned before insert on vault.blind_index
    for each row execute function vault.refuse_tombstoned();
create trigger refuse_change before update on vault.blind_index
    for each row execute function vault.refuse_change();
create trigger refuse_living before delete on vault.blind_index
    for each row execute function vault.refuse_living_token();
create trigger refuse_truncate before truncate on vault.blind_index execute function vault.refuse_change();

grant select, insert on vault.blind_index to daybook_app;
grant select, delete on vault.blind_index to daybook_eraser;
