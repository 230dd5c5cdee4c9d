-- What has been applied to this schema: file name, and the SHA-256 of its bytes in hex.
create table record.migration (
    name       text        not null primary key,
    sha256     text        not null,
    applied_at timestamptz not null default clock_timestamp()
);

-- Which partition is whose: each application has one for its events and, if it takes snapshots, one for those.

create table record.application (
    partition smallint not null primary key references record.partition_head,
    name      text     not null,
    purpose   text     not null,  -- "events", "snapshots"
    unique (name, purpose)
);

-- The partition of an application; makes one where there is none. Callers that make one at the same time take
-- turns, and the one that waited finds what the other made: READ COMMITTED gives each statement a fresh snapshot.
-- It does with the rights of the schema's owner what the application may not do with a head row.
create function record.application_partition(application text, of_purpose text) returns smallint
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    found_partition smallint;
begin
    select a.partition into found_partition
      from record.application a where a.name = application and a.purpose = of_purpose;
    if found then
        return found_partition;
    end if;
    perform pg_advisory_xact_lock('record.application'::regclass::oid::bigint);
    select a.partition into found_partition
      from record.application a where a.name = application and a.purpose = of_purpose;
    if found then
        return found_partition;
    end if;
    insert into record.partition_head (partition)
    select coalesce(max(h.partition) + 1, 0) from record.partition_head h
    returning partition into found_partition;
    insert into record.application (partition, name, purpose) values (found_partition, application, of_purpose);
    return found_partition;
end;
$$;

create trigger refuse_change before update or delete on record.application
    for each row execute function record.refuse_change();
create trigger refuse_truncate before truncate on record.application execute function record.refuse_change();

grant select on record.migration, record.application to daybook_app;
-- An application that logs in as the owner has had this revoked with everybody else.
grant insert on record.partition_head to current_user;
