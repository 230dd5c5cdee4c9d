-- Where an id lives, and what was recorded when.

-- The slice (0..4095) of an id: the 12 bits after the version of a UUID of version 7 or 8 (ours);
-- ids from outside take the first 12 bits of SHA-256 over their 16 bytes. partition = slice mod P.
create function record.slice_of(id uuid) returns int
language sql immutable strict parallel safe
as $$
    select case
        when get_byte(b, 6) >> 4 in (7, 8) and get_byte(b, 8) >> 6 = 2
            then ((get_byte(b, 6) & 15) << 8) | get_byte(b, 7)
        else (get_byte(sha256(b), 0) << 4) | (get_byte(sha256(b), 1) >> 4)
    end
    from (select uuid_send(id)) as u(b);
$$;

-- The next position of a partition as recorded at T: events before it were recorded at or before T.
-- recorded_at never falls with position, so a binary search over the primary key finds it.
create function record.position_at(p smallint, t timestamptz) returns bigint
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
    low bigint := 0;
    high bigint;
    middle bigint;
    at_middle timestamptz;
begin
    select e.position + 1 into high from record.event e
     where e.partition = p order by e.position desc limit 1;
    high := coalesce(high, 0);
    while low < high loop
        middle := (low + high) / 2;
        select e.recorded_at into at_middle from record.event e
         where e.partition = p and e.position >= middle order by e.position limit 1;
        if at_middle <= t then low := middle + 1; else high := middle; end if;
    end loop;
    return low;
end;
$$;

-- Closes the cut "as recorded at T": after it no event of the partition can be recorded at or
-- before T, whatever the clock does, and asking again gives the same position.
create function record.close_cut(p smallint, t timestamptz) returns bigint
language plpgsql volatile
as $$
declare
    closed bigint;
begin
    select c.position into closed from record.closed_cut c where c.partition = p and c.recorded_at = t;
    if found then
        return closed;
    end if;
    if not record.lock_head(p) then
        raise exception 'partition % is not part of this record', p using errcode = 'DB001';
    end if;
    if clock_timestamp() <= t then
        raise exception 'the cut at % lies in the future', t using errcode = 'DB003';
    end if;
    select c.position into closed from record.closed_cut c where c.partition = p and c.recorded_at = t;
    if not found then
        closed := record.position_at(p, t);
        insert into record.closed_cut values (p, t, closed);
    end if;
    return closed;
end;
$$;

-- `data` and `meta` for people who ask in SQL.
create view record.event_json as
select e.partition, e.position, e.event_id, e.stream_id, e.version, e.customer_id, e.type, e.schema,
       e.occurred_at, e.recorded_at, e.actor, e.correlation_id, e.causation_id,
       convert_from(e.data, 'UTF8')::jsonb as data, convert_from(e.meta, 'UTF8')::jsonb as meta
  from record.event e;

-- Which database answers: a restored copy lives in another cluster, in another database of it, in
-- tables made anew, or (after recovery from a backup) on another timeline. The timeline is that of
-- the next WAL record: the control file still tells the old one for a while after a promotion.
create function record.fingerprint() returns text
language sql stable security definer
set search_path = pg_catalog
as $$
    select format('%s/%s/%s/%s', s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid,
                  'record.event'::regclass::oid)
      from pg_control_system() s, pg_database d
     where d.datname = current_database();
$$;
