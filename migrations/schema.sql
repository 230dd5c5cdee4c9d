-- The whole schema, written by `make schema` from the migrations. To be read, not applied.

SET check_function_bodies = false;

CREATE SCHEMA daybook;

ALTER SCHEMA daybook OWNER TO daybook_owner;

CREATE SCHEMA intake;

ALTER SCHEMA intake OWNER TO daybook_owner;

CREATE SCHEMA read_model;

ALTER SCHEMA read_model OWNER TO daybook_owner;

CREATE SCHEMA reads;

ALTER SCHEMA reads OWNER TO daybook_owner;

CREATE SCHEMA record;

ALTER SCHEMA record OWNER TO daybook_owner;

CREATE SCHEMA seal;

ALTER SCHEMA seal OWNER TO daybook_owner;

CREATE SCHEMA vault;

ALTER SCHEMA vault OWNER TO daybook_owner;

CREATE TYPE reads.customer_condition AS (
	request integer,
	customer_id uuid,
	types text,
	after bigint
);

ALTER TYPE reads.customer_condition OWNER TO daybook_owner;

CREATE TYPE reads.expected_version AS (
	request integer,
	stream_id uuid,
	version bigint
);

ALTER TYPE reads.expected_version OWNER TO daybook_owner;

CREATE TYPE reads.new_answer AS (
	request integer,
	command_id uuid,
	request_hmac bytea,
	answer bytea,
	last integer,
	expires_at timestamp with time zone
);

ALTER TYPE reads.new_answer OWNER TO daybook_owner;

CREATE TYPE reads.new_event AS (
	request integer,
	event_id uuid,
	stream_id uuid,
	version bigint,
	customer_id uuid,
	type text,
	schema smallint,
	occurred_at timestamp with time zone,
	actor text,
	correlation_id uuid,
	causation_id uuid,
	data bytea,
	meta bytea
);

ALTER TYPE reads.new_event OWNER TO daybook_owner;

CREATE TYPE reads.new_participant AS (
	event integer,
	customer_id uuid,
	role text
);

ALTER TYPE reads.new_participant OWNER TO daybook_owner;

CREATE TYPE reads.new_sealed AS (
	request integer,
	event_id uuid,
	subject_id uuid,
	record_class text,
	key_id uuid,
	blob bytea
);

ALTER TYPE reads.new_sealed OWNER TO daybook_owner;

CREATE TYPE record.customer_condition AS (
	request integer,
	customer_id uuid,
	types text,
	after bigint
);

ALTER TYPE record.customer_condition OWNER TO daybook_owner;

CREATE TYPE record.expected_version AS (
	request integer,
	stream_id uuid,
	version bigint
);

ALTER TYPE record.expected_version OWNER TO daybook_owner;

CREATE TYPE record.new_answer AS (
	request integer,
	command_id uuid,
	request_hmac bytea,
	answer bytea,
	last integer,
	expires_at timestamp with time zone
);

ALTER TYPE record.new_answer OWNER TO daybook_owner;

CREATE TYPE record.new_event AS (
	request integer,
	event_id uuid,
	stream_id uuid,
	version bigint,
	customer_id uuid,
	type text,
	schema smallint,
	occurred_at timestamp with time zone,
	actor text,
	correlation_id uuid,
	causation_id uuid,
	data bytea,
	meta bytea
);

ALTER TYPE record.new_event OWNER TO daybook_owner;

CREATE TYPE record.new_participant AS (
	event integer,
	customer_id uuid,
	role text
);

ALTER TYPE record.new_participant OWNER TO daybook_owner;

CREATE TYPE record.new_sealed AS (
	request integer,
	event_id uuid,
	subject_id uuid,
	record_class text,
	key_id uuid,
	blob bytea
);

ALTER TYPE record.new_sealed OWNER TO daybook_owner;

CREATE FUNCTION intake.erase_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.blob is not null
       or (new.partition, new.import_id, new.row_number, new.line_number, new.source, new.file_sha256, new.reasons,
           new.fields, new.row_id, new.key_id, new.sha256, new.quarantined_at)
          is distinct from
          (old.partition, old.import_id, old.row_number, old.line_number, old.source, old.file_sha256, old.reasons,
           old.fields, old.row_id, old.key_id, old.sha256, old.quarantined_at)
       or not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'UPDATE on intake.quarantine is refused: only what is erased goes' using errcode = 'DB005';
    end if;
    return new;
end;
$$;

ALTER FUNCTION intake.erase_only() OWNER TO daybook_owner;

CREATE FUNCTION reads.append(p smallint, cause_recorded_at timestamp with time zone, careful boolean, events reads.new_event[], salts bytea, expected reads.expected_version[], conditions reads.customer_condition[], answers reads.new_answer[], sealed reads.new_sealed[], participants reads.new_participant[], OUT base bigint, OUT stamp timestamp with time zone, OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    head record;
    verdict record;
    place bigint[];  -- by ordinal of the event, null: refused; only where something is refused
begin
    head := reads.next_position(p, cause_recorded_at);
    base := head.base;
    stamp := head.stamp;
    if careful or cardinality(expected) > 0 or cardinality(conditions) > 0 then
        verdict := reads.judge(p, careful, events, expected, conditions, answers);
        refused := verdict.refused;
        reason := verdict.reason;
        detail := verdict.detail;
        item := verdict.item;
    end if;
    if refused is not null then
        select array_agg(case when w.good then base + w.rank - 1 end order by w.ordinal) into place
          from (select n.ordinal, n.request <> all (refused) as good,
                       count(*) filter (where n.request <> all (refused)) over (order by n.ordinal) as rank
                  from unnest(events) with ordinality
                       n(request, id, stream, version, customer, type, schema, occurred_at, actor,
                         correlation, causation, data, meta, ordinal)) w;
    end if;

    if cardinality(events) > 0 then
        insert into reads.event
        select p, case when place is null then base + n.ordinal - 1 else place[n.ordinal] end,
               n.id, n.stream, n.version, n.customer, n.type, n.schema, n.occurred_at, stamp, n.actor,
               n.correlation, n.causation, substring(salts from (n.ordinal::int - 1) * 16 + 1 for 16), n.data, n.meta
          from unnest(events) with ordinality
               n(request, id, stream, version, customer, type, schema, occurred_at, actor,
                 correlation, causation, data, meta, ordinal)
         where place is null or place[n.ordinal] is not null;
    end if;
    if cardinality(sealed) > 0 then
        insert into reads.sealed
        select p, b.event_id, b.subject_id, b.record_class, b.key_id, b.blob
          from unnest(sealed) b
         where refused is null or b.request <> all (refused);
    end if;
    if cardinality(participants) > 0 then
        insert into reads.participant
        select p, t.customer_id, case when place is null then base + t.event - 1 else place[t.event] end, t.role
          from unnest(participants) t
         where place is null or place[t.event] is not null;
    end if;
    if cardinality(answers) > 0 then
        insert into reads.command
        select p, c.command_id, c.request_hmac, c.answer,
               case when c.last = 0 then base - 1
                    when place is null then base + c.last - 1 else place[c.last] end,
               c.expires_at
          from unnest(answers) c
         where refused is null or c.request <> all (refused);
    end if;
end;
$$;

ALTER FUNCTION reads.append(p smallint, cause_recorded_at timestamp with time zone, careful boolean, events reads.new_event[], salts bytea, expected reads.expected_version[], conditions reads.customer_condition[], answers reads.new_answer[], sealed reads.new_sealed[], participants reads.new_participant[], OUT base bigint, OUT stamp timestamp with time zone, OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) OWNER TO daybook_owner;

CREATE FUNCTION reads.close_cut(p smallint, t timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
    closed bigint;
begin
    select c.position into closed from reads.closed_cut c where c.partition = p and c.recorded_at = t;
    if found then
        return closed;
    end if;
    if not reads.lock_head(p) then
        raise exception 'partition % is not part of this record', p using errcode = 'DB001';
    end if;
    if clock_timestamp() <= t then
        raise exception 'the cut at % lies in the future', t using errcode = 'DB003';
    end if;
    select c.position into closed from reads.closed_cut c where c.partition = p and c.recorded_at = t;
    if not found then
        closed := reads.position_at(p, t);
        insert into reads.closed_cut values (p, t, closed);
    end if;
    return closed;
end;
$$;

ALTER FUNCTION reads.close_cut(p smallint, t timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION reads.fingerprint() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
    select format('%s/%s/%s/%s', s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid,
                  'reads.event'::regclass::oid)
      from pg_control_system() s, pg_database d
     where d.datname = current_database();
$$;

ALTER FUNCTION reads.fingerprint() OWNER TO daybook_owner;

CREATE FUNCTION reads.judge(p smallint, careful boolean, events reads.new_event[], expected reads.expected_version[], conditions reads.customer_condition[], answers reads.new_answer[], OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
    if cardinality(expected) > 0 then
        select array_agg(f.request), array_agg(1::smallint), array_agg(f.found), array_agg(f.ordinal)
          into refused, reason, detail, item
          from (select s.request, s.version, s.ordinal::int,
                       coalesce((select e.version from reads.event e
                                  where e.partition = p and e.stream_id = s.stream_id
                                  order by e.version desc limit 1), -1) as found
                  from unnest(expected) with ordinality s(request, stream_id, version, ordinal)
                offset 0) f
         where f.found <> f.version;
    end if;
    if cardinality(conditions) > 0 then
        select refused || array_agg(f.request), reason || array_agg(2::smallint),
               detail || array_agg(f.found), item || array_agg(0)
          into refused, reason, detail, item
          from (select k.request,
                       (select e.position from reads.event e
                         where e.partition = p
                           and (e.customer_id, e.position) > (k.customer_id, k.after)
                           and (e.customer_id, e.position) <= (k.customer_id, 9223372036854775807)
                           and e.type = any (string_to_array(k.types, E'\n'))
                         order by e.customer_id, e.position limit 1) as found
                  from unnest(conditions) k
                offset 0) f
         where f.found is not null;
    end if;
    if careful then
        select refused || array_agg(f.request), reason || array_agg(4::smallint),
               detail || array_agg(f.version), item || array_agg(0)
          into refused, reason, detail, item
          from (select n.request, n.event_id, n.version,
                       (select e.event_id from reads.event e
                         where e.partition = p and e.event_id >= n.event_id
                         order by e.event_id limit 1) as id_found,
                       (select e.version from reads.event e
                         where e.partition = p and e.stream_id = n.stream_id and e.version >= n.version
                         order by e.version limit 1) as version_found
                  from unnest(events) n
                offset 0) f
         where f.id_found = f.event_id or f.version_found = f.version;
    end if;
    if careful or refused is not null then
        select array_agg(f.request) || refused, array_agg(3::smallint) || reason,
               array_agg(0::bigint) || detail, array_agg(0) || item
          into refused, reason, detail, item
          from (select c.request, c.command_id,
                       (select d.command_id from reads.command d
                         where d.partition = p and d.command_id >= c.command_id
                         order by d.command_id limit 1) as found
                  from unnest(answers) c
                 where careful or c.request = any (refused)
                offset 0) f
         where f.found = f.command_id;
    end if;
end;
$$;

ALTER FUNCTION reads.judge(p smallint, careful boolean, events reads.new_event[], expected reads.expected_version[], conditions reads.customer_condition[], answers reads.new_answer[], OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) OWNER TO daybook_owner;

CREATE FUNCTION reads.lock_head(p smallint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the head of partition % is locked in READ COMMITTED only, not in %',
            p, current_setting('transaction_isolation')
            using errcode = 'DB004';
    end if;
    perform 1 from reads.partition_head h where h.partition = p for update;
    return found;
end;
$$;

ALTER FUNCTION reads.lock_head(p smallint) OWNER TO daybook_owner;

CREATE FUNCTION reads.next_position(p smallint, cause_recorded_at timestamp with time zone, OUT base bigint, OUT stamp timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
    last_recorded_at timestamptz;
    cut timestamptz;
    clock timestamptz;
begin
    if not reads.lock_head(p) then
        raise exception 'partition % is not part of this record', p using errcode = 'DB001';
    end if;
    select e.position + 1, e.recorded_at,
           (select c.recorded_at + interval '1 microsecond'
              from reads.closed_cut c where c.partition = p order by c.recorded_at desc limit 1)
      into base, last_recorded_at, cut
      from (values (1)) one
      left join lateral (select l.position, l.recorded_at
                           from reads.event l where l.partition = p order by l.position desc limit 1) e on true;
    base := coalesce(base, 0);
    clock := clock_timestamp();
    if clock < greatest(last_recorded_at, cut) - interval '1 second' then
        raise exception 'the clock (%) is more than a second behind the last event of partition % (%)',
            clock, p, greatest(last_recorded_at, cut)
            using errcode = 'DB002', hint = 'Correct the clock of the database host.';
    end if;
    stamp := greatest(last_recorded_at, cut, cause_recorded_at, clock);
end;
$$;

ALTER FUNCTION reads.next_position(p smallint, cause_recorded_at timestamp with time zone, OUT base bigint, OUT stamp timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION reads.position_at(p smallint, t timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
    low bigint := 0;
    high bigint;
    middle bigint;
    at_middle timestamptz;
begin
    select e.position + 1 into high from reads.event e
     where e.partition = p order by e.position desc limit 1;
    high := coalesce(high, 0);
    while low < high loop
        middle := (low + high) / 2;
        select e.recorded_at into at_middle from reads.event e
         where e.partition = p and e.position >= middle order by e.position limit 1;
        if at_middle <= t then low := middle + 1; else high := middle; end if;
    end loop;
    return low;
end;
$$;

ALTER FUNCTION reads.position_at(p smallint, t timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION reads.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on reads.% is refused: the record is append-only', tg_op, tg_table_name
        using errcode = 'DB005';
end;
$$;

ALTER FUNCTION reads.refuse_change() OWNER TO daybook_owner;

CREATE FUNCTION reads.slice_of(id uuid) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select case
        when get_byte(b, 6) >> 4 in (7, 8) and get_byte(b, 8) >> 6 = 2
            then ((get_byte(b, 6) & 15) << 8) | get_byte(b, 7)
        else (get_byte(sha256(b), 0) << 4) | (get_byte(sha256(b), 1) >> 4)
    end
    from (select uuid_send(id)) as u(b);
$$;

ALTER FUNCTION reads.slice_of(id uuid) OWNER TO daybook_owner;

CREATE FUNCTION record.append(p smallint, cause_recorded_at timestamp with time zone, careful boolean, events record.new_event[], salts bytea, expected record.expected_version[], conditions record.customer_condition[], answers record.new_answer[], sealed record.new_sealed[], participants record.new_participant[], OUT base bigint, OUT stamp timestamp with time zone, OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    head record;
    verdict record;
    place bigint[];  -- by ordinal of the event, null: refused; only where something is refused
begin
    head := record.next_position(p, cause_recorded_at);
    base := head.base;
    stamp := head.stamp;
    if careful or cardinality(expected) > 0 or cardinality(conditions) > 0 then
        verdict := record.judge(p, careful, events, expected, conditions, answers);
        refused := verdict.refused;
        reason := verdict.reason;
        detail := verdict.detail;
        item := verdict.item;
    end if;
    if refused is not null then
        select array_agg(case when w.good then base + w.rank - 1 end order by w.ordinal) into place
          from (select n.ordinal, n.request <> all (refused) as good,
                       count(*) filter (where n.request <> all (refused)) over (order by n.ordinal) as rank
                  from unnest(events) with ordinality
                       n(request, id, stream, version, customer, type, schema, occurred_at, actor,
                         correlation, causation, data, meta, ordinal)) w;
    end if;

    if cardinality(events) > 0 then
        insert into record.event
        select p, case when place is null then base + n.ordinal - 1 else place[n.ordinal] end,
               n.id, n.stream, n.version, n.customer, n.type, n.schema, n.occurred_at, stamp, n.actor,
               n.correlation, n.causation, substring(salts from (n.ordinal::int - 1) * 16 + 1 for 16), n.data, n.meta
          from unnest(events) with ordinality
               n(request, id, stream, version, customer, type, schema, occurred_at, actor,
                 correlation, causation, data, meta, ordinal)
         where place is null or place[n.ordinal] is not null;
    end if;
    if cardinality(sealed) > 0 then
        insert into record.sealed
        select p, b.event_id, b.subject_id, b.record_class, b.key_id, b.blob
          from unnest(sealed) b
         where refused is null or b.request <> all (refused);
    end if;
    if cardinality(participants) > 0 then
        insert into record.participant
        select p, t.customer_id, case when place is null then base + t.event - 1 else place[t.event] end, t.role
          from unnest(participants) t
         where place is null or place[t.event] is not null;
    end if;
    if cardinality(answers) > 0 then
        insert into record.command
        select p, c.command_id, c.request_hmac, c.answer,
               case when c.last = 0 then base - 1
                    when place is null then base + c.last - 1 else place[c.last] end,
               c.expires_at
          from unnest(answers) c
         where refused is null or c.request <> all (refused);
    end if;
end;
$$;

ALTER FUNCTION record.append(p smallint, cause_recorded_at timestamp with time zone, careful boolean, events record.new_event[], salts bytea, expected record.expected_version[], conditions record.customer_condition[], answers record.new_answer[], sealed record.new_sealed[], participants record.new_participant[], OUT base bigint, OUT stamp timestamp with time zone, OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) OWNER TO daybook_owner;

CREATE FUNCTION record.close_cut(p smallint, t timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION record.close_cut(p smallint, t timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION record.dispose_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION record.dispose_only() OWNER TO daybook_owner;

CREATE FUNCTION record.fingerprint() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
    select format('%s/%s/%s/%s', s.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), d.oid,
                  'record.event'::regclass::oid)
      from pg_control_system() s, pg_database d
     where d.datname = current_database();
$$;

ALTER FUNCTION record.fingerprint() OWNER TO daybook_owner;

CREATE FUNCTION record.judge(p smallint, careful boolean, events record.new_event[], expected record.expected_version[], conditions record.customer_condition[], answers record.new_answer[], OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
    if cardinality(expected) > 0 then
        select array_agg(f.request), array_agg(1::smallint), array_agg(f.found), array_agg(f.ordinal)
          into refused, reason, detail, item
          from (select s.request, s.version, s.ordinal::int,
                       coalesce((select e.version from record.event e
                                  where e.partition = p and e.stream_id = s.stream_id
                                  order by e.version desc limit 1), -1) as found
                  from unnest(expected) with ordinality s(request, stream_id, version, ordinal)
                offset 0) f
         where f.found <> f.version;
    end if;
    if cardinality(conditions) > 0 then
        select refused || array_agg(f.request), reason || array_agg(2::smallint),
               detail || array_agg(f.found), item || array_agg(0)
          into refused, reason, detail, item
          from (select k.request,
                       (select e.position from record.event e
                         where e.partition = p
                           and (e.customer_id, e.position) > (k.customer_id, k.after)
                           and (e.customer_id, e.position) <= (k.customer_id, 9223372036854775807)
                           and e.type = any (string_to_array(k.types, E'\n'))
                         order by e.customer_id, e.position limit 1) as found
                  from unnest(conditions) k
                offset 0) f
         where f.found is not null;
    end if;
    if careful then
        select refused || array_agg(f.request), reason || array_agg(4::smallint),
               detail || array_agg(f.version), item || array_agg(0)
          into refused, reason, detail, item
          from (select n.request, n.event_id, n.version,
                       (select e.event_id from record.event e
                         where e.partition = p and e.event_id >= n.event_id
                         order by e.event_id limit 1) as id_found,
                       (select e.version from record.event e
                         where e.partition = p and e.stream_id = n.stream_id and e.version >= n.version
                         order by e.version limit 1) as version_found
                  from unnest(events) n
                offset 0) f
         where f.id_found = f.event_id or f.version_found = f.version;
    end if;
    if careful or refused is not null then
        select array_agg(f.request) || refused, array_agg(3::smallint) || reason,
               array_agg(0::bigint) || detail, array_agg(0) || item
          into refused, reason, detail, item
          from (select c.request, c.command_id,
                       (select d.command_id from record.command d
                         where d.partition = p and d.command_id >= c.command_id
                         order by d.command_id limit 1) as found
                  from unnest(answers) c
                 where careful or c.request = any (refused)
                offset 0) f
         where f.found = f.command_id;
    end if;
end;
$$;

ALTER FUNCTION record.judge(p smallint, careful boolean, events record.new_event[], expected record.expected_version[], conditions record.customer_condition[], answers record.new_answer[], OUT refused integer[], OUT reason smallint[], OUT detail bigint[], OUT item integer[]) OWNER TO daybook_owner;

CREATE FUNCTION record.lock_head(p smallint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the head of partition % is locked in READ COMMITTED only, not in %',
            p, current_setting('transaction_isolation')
            using errcode = 'DB004';
    end if;
    perform 1 from record.partition_head h where h.partition = p for update;
    return found;
end;
$$;

ALTER FUNCTION record.lock_head(p smallint) OWNER TO daybook_owner;

CREATE FUNCTION record.next_position(p smallint, cause_recorded_at timestamp with time zone, OUT base bigint, OUT stamp timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
    last_recorded_at timestamptz;
    cut timestamptz;
    clock timestamptz;
begin
    if not record.lock_head(p) then
        raise exception 'partition % is not part of this record', p using errcode = 'DB001';
    end if;
    select e.position + 1, e.recorded_at,
           (select c.recorded_at + interval '1 microsecond'
              from record.closed_cut c where c.partition = p order by c.recorded_at desc limit 1)
      into base, last_recorded_at, cut
      from (values (1)) one
      left join lateral (select l.position, l.recorded_at
                           from record.event l where l.partition = p order by l.position desc limit 1) e on true;
    base := coalesce(base, 0);
    clock := clock_timestamp();
    if clock < greatest(last_recorded_at, cut) - interval '1 second' then
        raise exception 'the clock (%) is more than a second behind the last event of partition % (%)',
            clock, p, greatest(last_recorded_at, cut)
            using errcode = 'DB002', hint = 'Correct the clock of the database host.';
    end if;
    stamp := greatest(last_recorded_at, cut, cause_recorded_at, clock);
end;
$$;

ALTER FUNCTION record.next_position(p smallint, cause_recorded_at timestamp with time zone, OUT base bigint, OUT stamp timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION record.position_at(p smallint, t timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
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

ALTER FUNCTION record.position_at(p smallint, t timestamp with time zone) OWNER TO daybook_owner;

CREATE FUNCTION record.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on record.% is refused: the record is append-only', tg_op, tg_table_name
        using errcode = 'DB005';
end;
$$;

ALTER FUNCTION record.refuse_change() OWNER TO daybook_owner;

CREATE FUNCTION record.refuse_half_stream() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from record.event e
                where e.partition = new.partition and e.stream_id = new.stream_id and e.data is not null) then
        raise exception 'stream % is disposed of as a whole or not at all', new.stream_id using errcode = 'DB013';
    end if;
    return null;
end;
$$;

ALTER FUNCTION record.refuse_half_stream() OWNER TO daybook_owner;

CREATE FUNCTION record.refuse_living() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'DELETE on record.sealed is refused: key % has no tombstone', old.key_id
            using errcode = 'DB005';
    end if;
    perform vault.refuse_held(old.partition, old.subject_id, old.record_class);
    return old;
end;
$$;

ALTER FUNCTION record.refuse_living() OWNER TO daybook_owner;

CREATE FUNCTION record.refuse_tombstoned() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
    destroyed uuid;
begin
    select t.key_id into destroyed
      from appended a
      join vault.tombstone t on t.partition = a.partition and t.key_id = a.key_id
     limit 1;
    if found then
        raise exception 'data key % was destroyed: nothing is sealed under it any more', destroyed
            using errcode = 'DB006';
    end if;
    return null;
end;
$$;

ALTER FUNCTION record.refuse_tombstoned() OWNER TO daybook_owner;

CREATE FUNCTION record.slice_of(id uuid) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select case
        when get_byte(b, 6) >> 4 in (7, 8) and get_byte(b, 8) >> 6 = 2
            then ((get_byte(b, 6) & 15) << 8) | get_byte(b, 7)
        else (get_byte(sha256(b), 0) << 4) | (get_byte(sha256(b), 1) >> 4)
    end
    from (select uuid_send(id)) as u(b);
$$;

ALTER FUNCTION record.slice_of(id uuid) OWNER TO daybook_owner;

CREATE FUNCTION seal.leaf_hash(partition smallint, p bigint, event_id uuid, stream_id uuid, version bigint, customer_id uuid, type text, schema smallint, occurred_at timestamp with time zone, recorded_at timestamp with time zone, actor text, correlation_id uuid, causation_id uuid, salt bytea, data_sha256 bytea, meta_sha256 bytea) RETURNS bytea
    LANGUAGE sql STABLE
    RETURN sha256(('\x00'::bytea || convert_to((((((((('{"h":"'::text || encode(sha256(convert_to((((((((((((((((((((((((((('{"actor":'::text || to_json(actor)) || ',"causation_id":'::text) || COALESCE((('"'::text || causation_id) || '"'::text), 'null'::text)) || ',"correlation_id":"'::text) || correlation_id) || '","customer_id":'::text) || COALESCE((('"'::text || customer_id) || '"'::text), 'null'::text)) || ',"data_sha256":"'::text) || encode(data_sha256, 'base64'::text)) || '","event_id":"'::text) || event_id) || '","meta_sha256":"'::text) || encode(meta_sha256, 'base64'::text)) || '","occurred_at":"'::text) || to_char((occurred_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text)) || '","salt":"'::text) || encode(salt, 'base64'::text)) || '","schema":'::text) || schema) || ',"stream_id":"'::text) || stream_id) || '","type":'::text) || to_json(type)) || ',"version":'::text) || version) || '}'::text), 'UTF8'::name)), 'base64'::text)) || '","n":'::text) || p) || ',"p":'::text) || partition) || ',"r":"'::text) || to_char((recorded_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text)) || '","v":1}'::text), 'UTF8'::name)));

ALTER FUNCTION seal.leaf_hash(partition smallint, p bigint, event_id uuid, stream_id uuid, version bigint, customer_id uuid, type text, schema smallint, occurred_at timestamp with time zone, recorded_at timestamp with time zone, actor text, correlation_id uuid, causation_id uuid, salt bytea, data_sha256 bytea, meta_sha256 bytea) OWNER TO daybook_owner;

CREATE FUNCTION seal.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on seal.% is refused: a log only grows', tg_op, tg_table_name using errcode = 'DB005';
end;
$$;

ALTER FUNCTION seal.refuse_change() OWNER TO daybook_owner;

CREATE FUNCTION seal.refuse_other_tile() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if substr(new.hashes, 1, octet_length(old.hashes)) is distinct from old.hashes
       or (new.partition, new.kind, new.shard, new.level, new.number)
          is distinct from (old.partition, old.kind, old.shard, old.level, old.number) then
        raise exception 'tile %/% of log % % is refused: a tile only grows', old.level, old.number, old.kind,
            old.partition using errcode = 'DB005';
    end if;
    return new;
end;
$$;

ALTER FUNCTION seal.refuse_other_tile() OWNER TO daybook_owner;

CREATE FUNCTION seal.refuse_shrinking() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.size < old.size or new.signed_size < old.signed_size or new.epoch < old.epoch
       or (new.partition, new.kind, new.shard, new.origin)
          is distinct from (old.partition, old.kind, old.shard, old.origin) then
        raise exception 'log % is refused: a log only grows, under one origin', old.origin using errcode = 'DB005';
    end if;
    return new;
end;
$$;

ALTER FUNCTION seal.refuse_shrinking() OWNER TO daybook_owner;

CREATE FUNCTION vault.eraser_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if current_user <> 'daybook_eraser' then
        raise exception '% on vault.% is refused: role daybook_eraser may', tg_op, tg_table_name
            using errcode = 'DB005';
    end if;
    return old;
end;
$$;

ALTER FUNCTION vault.eraser_only() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on vault.% is refused', tg_op, tg_table_name using errcode = 'DB005';
end;
$$;

ALTER FUNCTION vault.refuse_change() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_erased() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from vault.erasure e
                where e.partition = new.partition and e.subject_id = new.subject_id
                  and e.record_class = new.record_class) then
        raise exception '% of subject % is erased and gets no key any more', new.record_class, new.subject_id
            using errcode = 'DB008';
    end if;
    return new;
end;
$$;

ALTER FUNCTION vault.refuse_erased() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_held(p smallint, subject uuid, class text) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
begin
    if exists (select from vault.hold h
                where h.partition = p and h.subject_id = subject and h.record_class in ('*', class)) then
        raise exception 'a legal hold stands over % of subject % in partition %', class, subject, p
            using errcode = 'DB007', hint = 'Release the hold first.';
    end if;
end;
$$;

ALTER FUNCTION vault.refuse_held(p smallint, subject uuid, class text) OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_held_erasure() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform vault.refuse_held(new.partition, new.subject_id, new.record_class);
    return new;
end;
$$;

ALTER FUNCTION vault.refuse_held_erasure() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_living() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from vault.tombstone t where t.partition = old.partition and t.key_id = old.key_id) then
        raise exception 'DELETE on vault.data_key is refused: key % has no tombstone', old.key_id
            using errcode = 'DB005';
    end if;
    perform vault.refuse_held(old.partition, old.subject_id, old.record_class);
    return old;
end;
$$;

ALTER FUNCTION vault.refuse_living() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_living_token() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

ALTER FUNCTION vault.refuse_living_token() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_old_epoch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from vault.epoch e
                where e.partition = new.partition and e.epoch = new.epoch and e.change in ('emptied', 'destroyed')) then
        raise exception 'epoch % of the key-encryption keys is over: nothing is wrapped under it', new.epoch
            using errcode = 'DB009';
    end if;
    return new;
end;
$$;

ALTER FUNCTION vault.refuse_old_epoch() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_tombstoned() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from vault.tombstone t where t.partition = new.partition and t.key_id = new.key_id) then
        raise exception 'data key % of partition % was destroyed and can never come back', new.key_id, new.partition
            using errcode = 'DB006';
    end if;
    return new;
end;
$$;

ALTER FUNCTION vault.refuse_tombstoned() OWNER TO daybook_owner;

CREATE FUNCTION vault.refuse_used_epoch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from vault.data_key k where k.partition = new.partition and k.epoch = new.epoch) then
        raise exception 'epoch % still wraps data keys: wrap them anew first', new.epoch using errcode = 'DB010';
    end if;
    return new;
end;
$$;

ALTER FUNCTION vault.refuse_used_epoch() OWNER TO daybook_owner;

CREATE FUNCTION vault.rewrap_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if (new.partition, new.key_id, new.subject_id, new.record_class, new.commitment, new.created_at)
       is distinct from
       (old.partition, old.key_id, old.subject_id, old.record_class, old.commitment, old.created_at) then
        raise exception 'UPDATE on vault.data_key is refused: a key is wrapped anew and nothing else'
            using errcode = 'DB005';
    end if;
    return new;
end;
$$;

ALTER FUNCTION vault.rewrap_only() OWNER TO daybook_owner;

CREATE FUNCTION vault.set_tombstone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    key vault.data_key;
begin
    select * into key from vault.data_key k where k.partition = new.partition and k.key_id = new.key_id;
    if found then
        new.subject_id := key.subject_id;
        new.record_class := key.record_class;
        new.commitment := key.commitment;
    end if;
    perform vault.refuse_held(new.partition, new.subject_id, new.record_class);
    return new;
end;
$$;

ALTER FUNCTION vault.set_tombstone() OWNER TO daybook_owner;

CREATE TABLE daybook.migration (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE daybook.migration OWNER TO daybook_owner;

CREATE TABLE intake.quarantine (
    partition smallint NOT NULL,
    import_id uuid NOT NULL,
    row_number bigint NOT NULL,
    line_number bigint NOT NULL,
    source text NOT NULL,
    file_sha256 bytea NOT NULL,
    reasons text[] NOT NULL,
    fields text[] NOT NULL,
    row_id uuid NOT NULL,
    key_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    blob bytea,
    quarantined_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT quarantine_check CHECK ((cardinality(fields) = cardinality(reasons))),
    CONSTRAINT quarantine_file_sha256_check CHECK ((octet_length(file_sha256) = 32)),
    CONSTRAINT quarantine_line_number_check CHECK ((line_number >= 1)),
    CONSTRAINT quarantine_partition_check CHECK ((partition >= 0)),
    CONSTRAINT quarantine_reasons_check CHECK ((cardinality(reasons) >= 1)),
    CONSTRAINT quarantine_row_number_check CHECK ((row_number >= 1)),
    CONSTRAINT quarantine_sha256_check CHECK ((octet_length(sha256) = 32))
);
ALTER TABLE ONLY intake.quarantine ALTER COLUMN blob SET STORAGE EXTERNAL;

ALTER TABLE intake.quarantine OWNER TO daybook_owner;

CREATE TABLE read_model.access_bookmark (
    partition smallint NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    incarnation uuid NOT NULL,
    code text NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT access_bookmark_partition_check CHECK ((partition >= 0)),
    CONSTRAINT access_bookmark_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE read_model.access_bookmark OWNER TO daybook_owner;

CREATE TABLE read_model.access_customer (
    partition smallint NOT NULL,
    day date NOT NULL,
    actor text NOT NULL,
    customer_id uuid NOT NULL,
    looks bigint NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE read_model.access_customer OWNER TO daybook_owner;

CREATE TABLE read_model.access_day (
    partition smallint NOT NULL,
    day date NOT NULL,
    actor text NOT NULL,
    roles text[] NOT NULL,
    customers bigint NOT NULL,
    looks bigint NOT NULL,
    hours bigint[] NOT NULL,
    break_glass bigint NOT NULL,
    empty_searches bigint NOT NULL,
    denied bigint NOT NULL,
    CONSTRAINT access_day_hours_check CHECK ((cardinality(hours) = 24))
)
WITH (fillfactor='70');

ALTER TABLE read_model.access_day OWNER TO daybook_owner;

CREATE TABLE read_model.bookmark (
    partition smallint NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    incarnation uuid NOT NULL,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT bookmark_partition_check CHECK ((partition >= 0)),
    CONSTRAINT bookmark_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE read_model.bookmark OWNER TO daybook_owner;

CREATE TABLE read_model.campaign_run (
    partition smallint NOT NULL,
    campaign_id uuid NOT NULL,
    launch uuid NOT NULL,
    proposed bigint NOT NULL,
    segment text NOT NULL,
    after uuid NOT NULL,
    done boolean NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT campaign_run_partition_check CHECK ((partition >= 0))
);

ALTER TABLE read_model.campaign_run OWNER TO daybook_owner;

CREATE TABLE read_model.complaint_clock (
    partition smallint NOT NULL,
    complaint_id uuid NOT NULL,
    clock text NOT NULL,
    regime text NOT NULL,
    state text NOT NULL,
    waits boolean NOT NULL,
    due_at timestamp with time zone NOT NULL,
    next_at timestamp with time zone,
    confidential text,
    withheld_from jsonb NOT NULL,
    version bigint NOT NULL,
    detail jsonb NOT NULL,
    CONSTRAINT complaint_clock_partition_check CHECK ((partition >= 0))
);

ALTER TABLE read_model.complaint_clock OWNER TO daybook_owner;

CREATE TABLE read_model.confidential_look (
    partition smallint NOT NULL,
    "position" bigint NOT NULL,
    stream_id uuid NOT NULL,
    day date NOT NULL,
    actor text NOT NULL,
    customer_id uuid NOT NULL,
    event_id uuid NOT NULL
);

ALTER TABLE read_model.confidential_look OWNER TO daybook_owner;

CREATE TABLE read_model.contact_due (
    partition smallint NOT NULL,
    kind text NOT NULL,
    key uuid NOT NULL,
    customer_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    cause uuid NOT NULL,
    CONSTRAINT contact_due_kind_check CHECK ((kind = ANY (ARRAY['touch'::text, 'consent'::text]))),
    CONSTRAINT contact_due_partition_check CHECK ((partition >= 0))
);

ALTER TABLE read_model.contact_due OWNER TO daybook_owner;

CREATE TABLE read_model.keeper_bookmark (
    partition smallint NOT NULL,
    duty text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    incarnation uuid NOT NULL,
    basis text DEFAULT ''::text NOT NULL,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT keeper_bookmark_duty_check CHECK ((duty ~ '^[a-z][a-z-]{0,39}$'::text)),
    CONSTRAINT keeper_bookmark_partition_check CHECK ((partition >= 0)),
    CONSTRAINT keeper_bookmark_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE read_model.keeper_bookmark OWNER TO daybook_owner;

CREATE TABLE read_model.lease (
    partition smallint NOT NULL,
    duty text NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    trouble text,
    CONSTRAINT lease_duty_check CHECK ((duty ~ '^[a-z][a-z-]{0,39}$'::text)),
    CONSTRAINT lease_partition_check CHECK ((partition >= 0))
)
WITH (fillfactor='50');

ALTER TABLE read_model.lease OWNER TO daybook_owner;

CREATE SEQUENCE read_model.lease_epoch
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE read_model.lease_epoch OWNER TO daybook_owner;

CREATE TABLE read_model.live (
    partition smallint DEFAULT 0 NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    previous integer,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT live_partition_check CHECK ((partition = 0))
);

ALTER TABLE read_model.live OWNER TO daybook_owner;

CREATE TABLE read_model.parked (
    partition smallint NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    key uuid NOT NULL,
    "position" bigint NOT NULL,
    error text,
    parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT parked_partition_check CHECK ((partition >= 0))
);

ALTER TABLE read_model.parked OWNER TO daybook_owner;

CREATE TABLE read_model.tally (
    partition smallint NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    day date NOT NULL,
    type text NOT NULL,
    folded boolean NOT NULL,
    events bigint NOT NULL,
    sum numeric NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    CONSTRAINT tally_check CHECK ((last_position >= first_position)),
    CONSTRAINT tally_events_check CHECK ((events > 0)),
    CONSTRAINT tally_first_position_check CHECK ((first_position >= 0)),
    CONSTRAINT tally_partition_check CHECK ((partition >= 0))
)
WITH (fillfactor='50');

ALTER TABLE read_model.tally OWNER TO daybook_owner;

CREATE TABLE read_model.version (
    partition smallint DEFAULT 0 NOT NULL,
    projection text NOT NULL,
    version integer NOT NULL,
    code integer NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    tallied boolean DEFAULT true NOT NULL,
    purpose text DEFAULT 'serve'::text NOT NULL,
    CONSTRAINT version_partition_check CHECK ((partition = 0)),
    CONSTRAINT version_purpose_check CHECK ((purpose = ANY (ARRAY['serve'::text, 'compare'::text]))),
    CONSTRAINT version_version_check CHECK ((version >= 1))
);

ALTER TABLE read_model.version OWNER TO daybook_owner;

CREATE TABLE reads.closed_cut (
    partition smallint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL
);

ALTER TABLE reads.closed_cut OWNER TO daybook_owner;

CREATE TABLE reads.command (
    partition smallint NOT NULL,
    command_id uuid NOT NULL,
    request_hmac bytea NOT NULL,
    answer bytea NOT NULL,
    "position" bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE reads.command OWNER TO daybook_owner;

CREATE TABLE reads.event (
    partition smallint NOT NULL,
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    version bigint NOT NULL,
    customer_id uuid,
    type text NOT NULL,
    schema smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    salt bytea NOT NULL,
    data bytea,
    meta bytea NOT NULL,
    data_sha256 bytea,
    disposal_id uuid,
    disposed_at timestamp with time zone,
    CONSTRAINT event_data_sha256_check CHECK ((octet_length(data_sha256) = 32)),
    CONSTRAINT event_position_check CHECK (("position" >= 0)),
    CONSTRAINT event_version_check CHECK ((version >= 0))
);

ALTER TABLE reads.event OWNER TO daybook_owner;

CREATE VIEW reads.event_json AS
 SELECT partition,
    "position",
    event_id,
    stream_id,
    version,
    customer_id,
    type,
    schema,
    occurred_at,
    recorded_at,
    actor,
    correlation_id,
    causation_id,
    (convert_from(data, 'UTF8'::name))::jsonb AS data,
    (convert_from(meta, 'UTF8'::name))::jsonb AS meta
   FROM reads.event e;

ALTER VIEW reads.event_json OWNER TO daybook_owner;

CREATE TABLE reads.incarnation (
    partition smallint NOT NULL,
    incarnation uuid NOT NULL,
    ordinal integer NOT NULL,
    fingerprint text NOT NULL,
    "position" bigint NOT NULL,
    began_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE reads.incarnation OWNER TO daybook_owner;

CREATE TABLE reads.participant (
    partition smallint NOT NULL,
    customer_id uuid NOT NULL,
    "position" bigint NOT NULL,
    role text NOT NULL
);

ALTER TABLE reads.participant OWNER TO daybook_owner;

CREATE TABLE reads.partition_head (
    partition smallint NOT NULL,
    CONSTRAINT partition_head_partition_check CHECK ((partition >= 0))
);

ALTER TABLE reads.partition_head OWNER TO daybook_owner;

CREATE TABLE reads.sealed (
    partition smallint NOT NULL,
    event_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    record_class text NOT NULL,
    key_id uuid NOT NULL,
    blob bytea NOT NULL
);
ALTER TABLE ONLY reads.sealed ALTER COLUMN blob SET STORAGE EXTERNAL;

ALTER TABLE reads.sealed OWNER TO daybook_owner;

CREATE TABLE record.closed_cut (
    partition smallint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL
);

ALTER TABLE record.closed_cut OWNER TO daybook_owner;

CREATE TABLE record.command (
    partition smallint NOT NULL,
    command_id uuid NOT NULL,
    request_hmac bytea NOT NULL,
    answer bytea NOT NULL,
    "position" bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE record.command OWNER TO daybook_owner;

CREATE TABLE record.event (
    partition smallint NOT NULL,
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    version bigint NOT NULL,
    customer_id uuid,
    type text NOT NULL,
    schema smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    salt bytea NOT NULL,
    data bytea,
    meta bytea NOT NULL,
    data_sha256 bytea,
    disposal_id uuid,
    disposed_at timestamp with time zone,
    CONSTRAINT event_data_sha256_check CHECK ((octet_length(data_sha256) = 32)),
    CONSTRAINT event_position_check CHECK (("position" >= 0)),
    CONSTRAINT event_version_check CHECK ((version >= 0))
);

ALTER TABLE record.event OWNER TO daybook_owner;

CREATE VIEW record.confidential AS
 SELECT partition,
    stream_id,
    (facts ->> 'group'::text) AS matter_group,
    (facts -> 'withheld_from'::text) AS withheld_from
   FROM ( SELECT e.partition,
            e.stream_id,
            e.version,
            e.type,
            (convert_from(e.data, 'UTF8'::name))::jsonb AS facts
           FROM record.event e
          WHERE ((e.type ~~ '%.marked-confidential'::text) OR (e.type ~~ '%.declassified'::text))) m
  WHERE ((type ~~ '%.marked-confidential'::text) AND (NOT (EXISTS ( SELECT
           FROM record.event n
          WHERE ((n.partition = m.partition) AND (n.stream_id = m.stream_id) AND (n.version > m.version) AND ((n.type ~~ '%.marked-confidential'::text) OR (n.type ~~ '%.declassified'::text)))))));

ALTER VIEW record.confidential OWNER TO daybook_owner;

CREATE VIEW record.event_json AS
 SELECT partition,
    "position",
    event_id,
    stream_id,
    version,
    customer_id,
    type,
    schema,
    occurred_at,
    recorded_at,
    actor,
    correlation_id,
    causation_id,
    (convert_from(data, 'UTF8'::name))::jsonb AS data,
    (convert_from(meta, 'UTF8'::name))::jsonb AS meta
   FROM record.event e;

ALTER VIEW record.event_json OWNER TO daybook_owner;

CREATE TABLE record.incarnation (
    partition smallint NOT NULL,
    incarnation uuid NOT NULL,
    ordinal integer NOT NULL,
    fingerprint text NOT NULL,
    "position" bigint NOT NULL,
    began_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE record.incarnation OWNER TO daybook_owner;

CREATE TABLE record.participant (
    partition smallint NOT NULL,
    customer_id uuid NOT NULL,
    "position" bigint NOT NULL,
    role text NOT NULL
);

ALTER TABLE record.participant OWNER TO daybook_owner;

CREATE TABLE record.partition_head (
    partition smallint NOT NULL,
    CONSTRAINT partition_head_partition_check CHECK ((partition >= 0))
);

ALTER TABLE record.partition_head OWNER TO daybook_owner;

CREATE TABLE record.sealed (
    partition smallint NOT NULL,
    event_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    record_class text NOT NULL,
    key_id uuid NOT NULL,
    blob bytea NOT NULL
);
ALTER TABLE ONLY record.sealed ALTER COLUMN blob SET STORAGE EXTERNAL;

ALTER TABLE record.sealed OWNER TO daybook_owner;

CREATE TABLE seal.anchor (
    partition smallint NOT NULL,
    origin text NOT NULL,
    size bigint NOT NULL,
    token bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT anchor_partition_check CHECK ((partition >= 0)),
    CONSTRAINT anchor_size_check CHECK ((size > 0)),
    CONSTRAINT anchor_token_check CHECK (((octet_length(token) >= 1) AND (octet_length(token) <= 65536)))
);

ALTER TABLE seal.anchor OWNER TO daybook_owner;

CREATE TABLE seal.anchoring (
    partition smallint NOT NULL,
    origin text NOT NULL,
    asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    trouble text,
    CONSTRAINT anchoring_partition_check CHECK ((partition >= 0))
);

ALTER TABLE seal.anchoring OWNER TO daybook_owner;

CREATE TABLE seal.certificate (
    partition smallint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    sha256 bytea NOT NULL,
    issued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    note text NOT NULL,
    CONSTRAINT certificate_check CHECK ((sha256 = sha256(convert_to(note, 'UTF8'::name)))),
    CONSTRAINT certificate_kind_check CHECK ((kind ~ '^[a-z]+(-[a-z]+)*/[1-9][0-9]*$'::text)),
    CONSTRAINT certificate_note_check CHECK (((length(note) >= 1) AND (length(note) <= 1000000))),
    CONSTRAINT certificate_partition_check CHECK ((partition >= 0)),
    CONSTRAINT certificate_subject_check CHECK ((subject ~ '^[A-Za-z0-9_-]{1,100}(/[A-Za-z0-9_-]{1,100}){0,5}$'::text))
);

ALTER TABLE seal.certificate OWNER TO daybook_owner;

CREATE TABLE seal.certificate_key (
    partition smallint NOT NULL,
    vkey text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT certificate_key_partition_check CHECK ((partition = 0)),
    CONSTRAINT certificate_key_vkey_check CHECK ((vkey ~ '^[^[:space:]+]+[+][0-9a-f]{8}[+][A-Za-z0-9+/=]+$'::text))
);

ALTER TABLE seal.certificate_key OWNER TO daybook_owner;

CREATE TABLE seal.entry (
    partition smallint NOT NULL,
    shard integer NOT NULL,
    "position" bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT entry_entry_check CHECK ((octet_length(entry) <= 65535)),
    CONSTRAINT entry_position_check CHECK (("position" >= 0))
);

ALTER TABLE seal.entry OWNER TO daybook_owner;

CREATE TABLE seal.identity (
    partition smallint NOT NULL,
    log_id text NOT NULL,
    CONSTRAINT identity_log_id_check CHECK (((log_id ~ '^[^[:space:]+]+$'::text) AND (log_id !~ '^/|/$|//'::text))),
    CONSTRAINT identity_partition_check CHECK ((partition = 0))
);

ALTER TABLE seal.identity OWNER TO daybook_owner;

CREATE TABLE seal.log (
    partition smallint NOT NULL,
    kind text NOT NULL,
    shard integer NOT NULL,
    origin text NOT NULL,
    vkey text NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    root bytea DEFAULT sha256('\x'::bytea) NOT NULL,
    signed_size bigint DEFAULT 0 NOT NULL,
    checkpoint text,
    signed_at timestamp with time zone,
    holder text,
    epoch bigint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    trouble text,
    next_vkey text,
    next_overlap interval,
    next_shard integer,
    next_entry bigint,
    old_vkey text,
    old_until timestamp with time zone,
    vouching text,
    old_size bigint,
    CONSTRAINT log_check CHECK (((signed_size >= 0) AND (signed_size <= size))),
    CONSTRAINT log_check1 CHECK ((((next_vkey IS NULL) = (next_entry IS NULL)) AND ((next_vkey IS NULL) = (next_shard IS NULL)) AND ((next_vkey IS NULL) = (next_overlap IS NULL)))),
    CONSTRAINT log_check2 CHECK (((old_vkey IS NULL) = (old_size IS NULL))),
    CONSTRAINT log_kind_check CHECK ((kind = ANY (ARRAY['event'::text, 'look'::text, 'checkpoint'::text]))),
    CONSTRAINT log_partition_check CHECK ((partition >= 0)),
    CONSTRAINT log_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT log_shard_check CHECK ((shard >= 0)),
    CONSTRAINT log_size_check CHECK ((size >= 0))
);

ALTER TABLE seal.log OWNER TO daybook_owner;

CREATE TABLE seal.tile (
    partition smallint NOT NULL,
    kind text NOT NULL,
    shard integer NOT NULL,
    level smallint NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL,
    CONSTRAINT tile_hashes_check CHECK (((octet_length(hashes) >= 32) AND (octet_length(hashes) <= 8192))),
    CONSTRAINT tile_hashes_check1 CHECK (((octet_length(hashes) % 32) = 0)),
    CONSTRAINT tile_level_check CHECK (((level >= 0) AND (level <= 6))),
    CONSTRAINT tile_number_check CHECK ((number >= 0))
);
ALTER TABLE ONLY seal.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

ALTER TABLE seal.tile OWNER TO daybook_owner;

CREATE TABLE seal.witness (
    partition smallint NOT NULL,
    origin text NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    cosigned_at timestamp with time zone,
    asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    trouble text,
    CONSTRAINT witness_partition_check CHECK ((partition = 0)),
    CONSTRAINT witness_size_check CHECK ((size >= 0))
);

ALTER TABLE seal.witness OWNER TO daybook_owner;

CREATE TABLE vault.blind_index (
    partition smallint NOT NULL,
    event_id uuid NOT NULL,
    field text NOT NULL,
    token bytea NOT NULL,
    subject_id uuid NOT NULL,
    key_id uuid NOT NULL,
    CONSTRAINT blind_index_field_check CHECK ((field ~ '^[a-z][a-z0-9._-]{0,62}$'::text)),
    CONSTRAINT blind_index_partition_check CHECK ((partition >= 0)),
    CONSTRAINT blind_index_token_check CHECK ((octet_length(token) = 16))
);

ALTER TABLE vault.blind_index OWNER TO daybook_owner;

CREATE TABLE vault.data_key (
    partition smallint NOT NULL,
    key_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    record_class text NOT NULL,
    epoch integer NOT NULL,
    wrapped bytea NOT NULL,
    commitment bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT data_key_commitment_check CHECK ((octet_length(commitment) = 32)),
    CONSTRAINT data_key_epoch_check CHECK ((epoch >= 1)),
    CONSTRAINT data_key_partition_check CHECK ((partition >= 0)),
    CONSTRAINT data_key_record_class_check CHECK ((record_class ~ '^[a-z][a-z0-9._-]{0,62}$'::text)),
    CONSTRAINT data_key_wrapped_check CHECK ((octet_length(wrapped) = 40))
);

ALTER TABLE vault.data_key OWNER TO daybook_owner;

CREATE TABLE vault.epoch (
    partition smallint NOT NULL,
    epoch integer NOT NULL,
    change text NOT NULL,
    actor text NOT NULL,
    approved_by text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT epoch_change_check CHECK ((change = ANY (ARRAY['made'::text, 'emptied'::text, 'destroyed'::text]))),
    CONSTRAINT epoch_check CHECK ((approved_by <> actor)),
    CONSTRAINT epoch_epoch_check CHECK ((epoch >= 1)),
    CONSTRAINT epoch_partition_check CHECK ((partition >= 0))
);

ALTER TABLE vault.epoch OWNER TO daybook_owner;

CREATE TABLE vault.erasure (
    partition smallint NOT NULL,
    subject_id uuid NOT NULL,
    record_class text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT erasure_partition_check CHECK ((partition >= 0)),
    CONSTRAINT erasure_record_class_check CHECK ((record_class ~ '^[a-z][a-z0-9._-]{0,62}$'::text))
);

ALTER TABLE vault.erasure OWNER TO daybook_owner;

CREATE TABLE vault.hold (
    partition smallint NOT NULL,
    hold_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    record_class text NOT NULL,
    placed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT hold_partition_check CHECK ((partition >= 0)),
    CONSTRAINT hold_record_class_check CHECK (((record_class = '*'::text) OR (record_class ~ '^[a-z][a-z0-9._-]{0,62}$'::text)))
);

ALTER TABLE vault.hold OWNER TO daybook_owner;

CREATE TABLE vault.key_check (
    partition smallint NOT NULL,
    name text NOT NULL,
    value bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT key_check_partition_check CHECK ((partition >= 0))
);

ALTER TABLE vault.key_check OWNER TO daybook_owner;

CREATE TABLE vault.shredded (
    partition smallint NOT NULL,
    subject_id uuid NOT NULL,
    event_id uuid NOT NULL,
    record_class text NOT NULL
);

ALTER TABLE vault.shredded OWNER TO daybook_owner;

CREATE TABLE vault.tombstone (
    partition smallint NOT NULL,
    key_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    subject_id uuid,
    record_class text,
    commitment bytea,
    CONSTRAINT tombstone_partition_check CHECK ((partition >= 0))
);

ALTER TABLE vault.tombstone OWNER TO daybook_owner;

ALTER TABLE ONLY daybook.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY intake.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (partition, import_id, row_number);

ALTER TABLE ONLY read_model.access_bookmark
    ADD CONSTRAINT access_bookmark_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY read_model.access_customer
    ADD CONSTRAINT access_customer_pkey PRIMARY KEY (partition, day, actor, customer_id);

ALTER TABLE ONLY read_model.access_day
    ADD CONSTRAINT access_day_pkey PRIMARY KEY (partition, day, actor);

ALTER TABLE ONLY read_model.bookmark
    ADD CONSTRAINT bookmark_pkey PRIMARY KEY (partition, projection, version);

ALTER TABLE ONLY read_model.campaign_run
    ADD CONSTRAINT campaign_run_pkey PRIMARY KEY (partition, campaign_id);

ALTER TABLE ONLY read_model.complaint_clock
    ADD CONSTRAINT complaint_clock_pkey PRIMARY KEY (partition, complaint_id, clock);

ALTER TABLE ONLY read_model.confidential_look
    ADD CONSTRAINT confidential_look_pkey PRIMARY KEY (partition, "position", stream_id, customer_id);

ALTER TABLE ONLY read_model.contact_due
    ADD CONSTRAINT contact_due_pkey PRIMARY KEY (partition, kind, key);

ALTER TABLE ONLY read_model.keeper_bookmark
    ADD CONSTRAINT keeper_bookmark_pkey PRIMARY KEY (partition, duty);

ALTER TABLE ONLY read_model.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (partition, duty);

ALTER TABLE ONLY read_model.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (partition, projection);

ALTER TABLE ONLY read_model.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (partition, projection, version, key, "position");

ALTER TABLE ONLY read_model.tally
    ADD CONSTRAINT tally_pkey PRIMARY KEY (partition, projection, version, day, type, folded);

ALTER TABLE ONLY read_model.version
    ADD CONSTRAINT version_pkey PRIMARY KEY (partition, projection, version);

ALTER TABLE ONLY reads.closed_cut
    ADD CONSTRAINT closed_cut_pkey PRIMARY KEY (partition, recorded_at);

ALTER TABLE ONLY reads.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (partition, command_id);

ALTER TABLE ONLY reads.event
    ADD CONSTRAINT event_partition_event_id_key UNIQUE (partition, event_id);

ALTER TABLE ONLY reads.event
    ADD CONSTRAINT event_partition_stream_id_version_key UNIQUE (partition, stream_id, version);

ALTER TABLE ONLY reads.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY reads.incarnation
    ADD CONSTRAINT incarnation_partition_ordinal_key UNIQUE (partition, ordinal);

ALTER TABLE ONLY reads.incarnation
    ADD CONSTRAINT incarnation_pkey PRIMARY KEY (partition, incarnation);

ALTER TABLE ONLY reads.participant
    ADD CONSTRAINT participant_pkey PRIMARY KEY (partition, customer_id, "position", role);

ALTER TABLE ONLY reads.partition_head
    ADD CONSTRAINT partition_head_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY reads.sealed
    ADD CONSTRAINT sealed_pkey PRIMARY KEY (partition, event_id, subject_id, record_class);

ALTER TABLE ONLY record.closed_cut
    ADD CONSTRAINT closed_cut_pkey PRIMARY KEY (partition, recorded_at);

ALTER TABLE ONLY record.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (partition, command_id);

ALTER TABLE ONLY record.event
    ADD CONSTRAINT event_partition_event_id_key UNIQUE (partition, event_id);

ALTER TABLE ONLY record.event
    ADD CONSTRAINT event_partition_stream_id_version_key UNIQUE (partition, stream_id, version);

ALTER TABLE ONLY record.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (partition, "position");

ALTER TABLE ONLY record.incarnation
    ADD CONSTRAINT incarnation_partition_ordinal_key UNIQUE (partition, ordinal);

ALTER TABLE ONLY record.incarnation
    ADD CONSTRAINT incarnation_pkey PRIMARY KEY (partition, incarnation);

ALTER TABLE ONLY record.participant
    ADD CONSTRAINT participant_pkey PRIMARY KEY (partition, customer_id, "position", role);

ALTER TABLE ONLY record.partition_head
    ADD CONSTRAINT partition_head_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY record.sealed
    ADD CONSTRAINT sealed_pkey PRIMARY KEY (partition, event_id, subject_id, record_class);

ALTER TABLE ONLY seal.anchor
    ADD CONSTRAINT anchor_pkey PRIMARY KEY (partition, origin, size);

ALTER TABLE ONLY seal.anchoring
    ADD CONSTRAINT anchoring_pkey PRIMARY KEY (partition, origin);

ALTER TABLE ONLY seal.certificate_key
    ADD CONSTRAINT certificate_key_pkey PRIMARY KEY (partition, vkey);

ALTER TABLE ONLY seal.certificate
    ADD CONSTRAINT certificate_pkey PRIMARY KEY (partition, kind, subject, sha256);

ALTER TABLE ONLY seal.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (partition, shard, "position");

ALTER TABLE ONLY seal.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (partition);

ALTER TABLE ONLY seal.log
    ADD CONSTRAINT log_pkey PRIMARY KEY (partition, kind, shard);

ALTER TABLE ONLY seal.tile
    ADD CONSTRAINT tile_pkey PRIMARY KEY (partition, kind, shard, level, number);

ALTER TABLE ONLY seal.witness
    ADD CONSTRAINT witness_pkey PRIMARY KEY (partition, origin, name);

ALTER TABLE ONLY vault.blind_index
    ADD CONSTRAINT blind_index_pkey PRIMARY KEY (partition, event_id, field, token);

ALTER TABLE ONLY vault.data_key
    ADD CONSTRAINT data_key_partition_subject_id_record_class_key UNIQUE (partition, subject_id, record_class);

ALTER TABLE ONLY vault.data_key
    ADD CONSTRAINT data_key_pkey PRIMARY KEY (partition, key_id);

ALTER TABLE ONLY vault.epoch
    ADD CONSTRAINT epoch_pkey PRIMARY KEY (partition, epoch, change);

ALTER TABLE ONLY vault.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (partition, subject_id, record_class);

ALTER TABLE ONLY vault.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (partition, hold_id, subject_id, record_class);

ALTER TABLE ONLY vault.key_check
    ADD CONSTRAINT key_check_pkey PRIMARY KEY (partition, name);

ALTER TABLE ONLY vault.shredded
    ADD CONSTRAINT shredded_pkey PRIMARY KEY (partition, subject_id, event_id, record_class);

ALTER TABLE ONLY vault.tombstone
    ADD CONSTRAINT tombstone_pkey PRIMARY KEY (partition, key_id);

CREATE INDEX quarantine_key ON intake.quarantine USING btree (partition, key_id);

CREATE INDEX access_customer_customer ON read_model.access_customer USING btree (partition, day, customer_id, actor);

CREATE INDEX access_day_actor ON read_model.access_day USING btree (partition, actor, day);

CREATE INDEX complaint_clock_board ON read_model.complaint_clock USING btree (partition, due_at, complaint_id, clock) WHERE waits;

CREATE INDEX complaint_clock_board_of_clock ON read_model.complaint_clock USING btree (partition, clock, due_at, complaint_id) WHERE waits;

CREATE INDEX complaint_clock_next ON read_model.complaint_clock USING btree (partition, next_at) WHERE (next_at IS NOT NULL);

CREATE INDEX confidential_look_day ON read_model.confidential_look USING btree (partition, day, actor, "position");

CREATE INDEX contact_due_next ON read_model.contact_due USING btree (partition, due_at);

CREATE INDEX contact_due_of_customer ON read_model.contact_due USING btree (partition, customer_id);

CREATE INDEX parked_poison ON read_model.parked USING btree (partition, projection, version) WHERE (error IS NOT NULL);

CREATE INDEX event_actor ON reads.event USING btree (partition, actor, "position");

CREATE INDEX event_customer ON reads.event USING btree (partition, customer_id, "position");

CREATE INDEX sealed_subject ON reads.sealed USING btree (partition, subject_id);

CREATE INDEX event_confidential ON record.event USING btree (partition, stream_id, version) WHERE ((type ~~ '%.marked-confidential'::text) OR (type ~~ '%.declassified'::text));

CREATE INDEX event_customer ON record.event USING btree (partition, customer_id, "position");

CREATE INDEX event_withholding ON record.event USING btree (partition, customer_id, "position") WHERE (type = ANY (ARRAY['erasure.requested'::text, 'erasure.completed'::text, 'erasure.abandoned'::text, 'privacy-request.decided'::text, 'privacy-request.restriction-lifted'::text]));

CREATE INDEX sealed_subject ON record.sealed USING btree (partition, subject_id);

CREATE INDEX blind_index_key ON vault.blind_index USING btree (partition, key_id);

CREATE INDEX blind_index_token ON vault.blind_index USING btree (partition, field, token, subject_id);

CREATE INDEX hold_subject ON vault.hold USING btree (partition, subject_id);

CREATE INDEX tombstone_subject ON vault.tombstone USING btree (partition, subject_id);

CREATE TRIGGER erase_only BEFORE UPDATE ON intake.quarantine FOR EACH ROW EXECUTE FUNCTION intake.erase_only();

CREATE TRIGGER refuse_tombstoned AFTER INSERT ON intake.quarantine REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_tombstoned();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.closed_cut FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE ON reads.command FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.event FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.incarnation FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.participant FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.partition_head FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON reads.sealed FOR EACH ROW EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_early_delete BEFORE DELETE ON reads.command FOR EACH ROW WHEN ((old.expires_at > clock_timestamp())) EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.closed_cut FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.command FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.event FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.incarnation FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.participant FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.partition_head FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON reads.sealed FOR EACH STATEMENT EXECUTE FUNCTION reads.refuse_change();

CREATE TRIGGER dispose_only BEFORE UPDATE ON record.event FOR EACH ROW EXECUTE FUNCTION record.dispose_only();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON record.closed_cut FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE ON record.command FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE ON record.event FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON record.incarnation FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON record.participant FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON record.partition_head FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE ON record.sealed FOR EACH ROW EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_early_delete BEFORE DELETE ON record.command FOR EACH ROW WHEN ((old.expires_at > clock_timestamp())) EXECUTE FUNCTION record.refuse_change();

CREATE CONSTRAINT TRIGGER refuse_half_stream AFTER UPDATE ON record.event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record.refuse_half_stream();

CREATE TRIGGER refuse_living BEFORE DELETE ON record.sealed FOR EACH ROW EXECUTE FUNCTION record.refuse_living();

CREATE TRIGGER refuse_tombstoned AFTER INSERT ON record.sealed REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_tombstoned();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.closed_cut FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.command FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.event FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.incarnation FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.participant FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.partition_head FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON record.sealed FOR EACH STATEMENT EXECUTE FUNCTION record.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON seal.anchor FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON seal.certificate FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON seal.certificate_key FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON seal.entry FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON seal.identity FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE ON seal.log FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE ON seal.tile FOR EACH ROW EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_other BEFORE UPDATE ON seal.tile FOR EACH ROW EXECUTE FUNCTION seal.refuse_other_tile();

CREATE TRIGGER refuse_shrinking BEFORE UPDATE ON seal.log FOR EACH ROW EXECUTE FUNCTION seal.refuse_shrinking();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.anchor FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.certificate FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.certificate_key FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.entry FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.identity FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.log FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON seal.tile FOR EACH STATEMENT EXECUTE FUNCTION seal.refuse_change();

CREATE TRIGGER eraser_only BEFORE DELETE ON vault.hold FOR EACH ROW EXECUTE FUNCTION vault.eraser_only();

CREATE TRIGGER refuse_change BEFORE UPDATE ON vault.blind_index FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON vault.epoch FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON vault.erasure FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE UPDATE ON vault.hold FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON vault.key_check FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON vault.shredded FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON vault.tombstone FOR EACH ROW EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_erased BEFORE INSERT ON vault.data_key FOR EACH ROW EXECUTE FUNCTION vault.refuse_erased();

CREATE TRIGGER refuse_held BEFORE INSERT ON vault.erasure FOR EACH ROW EXECUTE FUNCTION vault.refuse_held_erasure();

CREATE TRIGGER refuse_living BEFORE DELETE ON vault.blind_index FOR EACH ROW EXECUTE FUNCTION vault.refuse_living_token();

CREATE TRIGGER refuse_living BEFORE DELETE ON vault.data_key FOR EACH ROW EXECUTE FUNCTION vault.refuse_living();

CREATE TRIGGER refuse_old_epoch BEFORE INSERT OR UPDATE OF epoch ON vault.data_key FOR EACH ROW EXECUTE FUNCTION vault.refuse_old_epoch();

CREATE TRIGGER refuse_tombstoned BEFORE INSERT ON vault.blind_index FOR EACH ROW EXECUTE FUNCTION vault.refuse_tombstoned();

CREATE TRIGGER refuse_tombstoned BEFORE INSERT OR UPDATE OF partition, key_id ON vault.data_key FOR EACH ROW EXECUTE FUNCTION vault.refuse_tombstoned();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.blind_index FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.data_key FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.epoch FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.erasure FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.hold FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.key_check FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.shredded FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON vault.tombstone FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

CREATE TRIGGER refuse_used_epoch BEFORE INSERT ON vault.epoch FOR EACH ROW WHEN ((new.change = ANY (ARRAY['emptied'::text, 'destroyed'::text]))) EXECUTE FUNCTION vault.refuse_used_epoch();

CREATE TRIGGER rewrap_only BEFORE UPDATE ON vault.data_key FOR EACH ROW EXECUTE FUNCTION vault.rewrap_only();

CREATE TRIGGER set_tombstone BEFORE INSERT ON vault.tombstone FOR EACH ROW EXECUTE FUNCTION vault.set_tombstone();

ALTER TABLE ONLY reads.incarnation
    ADD CONSTRAINT incarnation_partition_fkey FOREIGN KEY (partition) REFERENCES reads.partition_head(partition);

ALTER TABLE ONLY record.incarnation
    ADD CONSTRAINT incarnation_partition_fkey FOREIGN KEY (partition) REFERENCES record.partition_head(partition);

GRANT USAGE ON SCHEMA daybook TO daybook_app;

GRANT USAGE ON SCHEMA intake TO daybook_app;
GRANT USAGE ON SCHEMA intake TO daybook_eraser;

GRANT ALL ON SCHEMA read_model TO daybook_app;

GRANT USAGE ON SCHEMA reads TO daybook_app;
GRANT USAGE ON SCHEMA reads TO daybook_sealer;

GRANT USAGE ON SCHEMA record TO daybook_app;
GRANT USAGE ON SCHEMA record TO daybook_sealer;
GRANT USAGE ON SCHEMA record TO daybook_eraser;

GRANT USAGE ON SCHEMA seal TO daybook_app;
GRANT USAGE ON SCHEMA seal TO daybook_sealer;

GRANT USAGE ON SCHEMA vault TO daybook_app;
GRANT USAGE ON SCHEMA vault TO daybook_eraser;

GRANT SELECT ON TABLE daybook.migration TO daybook_app;

GRANT SELECT,INSERT ON TABLE intake.quarantine TO daybook_app;

GRANT SELECT(partition) ON TABLE intake.quarantine TO daybook_eraser;

GRANT SELECT(key_id) ON TABLE intake.quarantine TO daybook_eraser;

GRANT SELECT(blob),UPDATE(blob) ON TABLE intake.quarantine TO daybook_eraser;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.access_bookmark TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.access_customer TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.access_day TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.bookmark TO daybook_app;

GRANT SELECT,INSERT,UPDATE ON TABLE read_model.campaign_run TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.complaint_clock TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.confidential_look TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.contact_due TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.keeper_bookmark TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.lease TO daybook_app;

GRANT USAGE ON SEQUENCE read_model.lease_epoch TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.live TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.parked TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.tally TO daybook_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE read_model.version TO daybook_app;

GRANT SELECT,INSERT ON TABLE reads.closed_cut TO daybook_app;

GRANT SELECT,INSERT ON TABLE reads.command TO daybook_app;

GRANT SELECT,INSERT ON TABLE reads.event TO daybook_app;
GRANT SELECT ON TABLE reads.event TO daybook_sealer;

GRANT SELECT,INSERT ON TABLE reads.event_json TO daybook_app;

GRANT SELECT,INSERT ON TABLE reads.incarnation TO daybook_app;

GRANT SELECT,INSERT ON TABLE reads.participant TO daybook_app;

GRANT SELECT ON TABLE reads.partition_head TO daybook_app;
GRANT SELECT ON TABLE reads.partition_head TO daybook_sealer;

GRANT SELECT,INSERT ON TABLE reads.sealed TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.closed_cut TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.command TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.event TO daybook_app;
GRANT SELECT ON TABLE record.event TO daybook_sealer;
GRANT SELECT ON TABLE record.event TO daybook_eraser;

GRANT UPDATE(data) ON TABLE record.event TO daybook_eraser;

GRANT UPDATE(data_sha256) ON TABLE record.event TO daybook_eraser;

GRANT UPDATE(disposal_id) ON TABLE record.event TO daybook_eraser;

GRANT UPDATE(disposed_at) ON TABLE record.event TO daybook_eraser;

GRANT SELECT ON TABLE record.confidential TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.event_json TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.incarnation TO daybook_app;

GRANT SELECT,INSERT ON TABLE record.participant TO daybook_app;
GRANT SELECT ON TABLE record.participant TO daybook_eraser;

GRANT SELECT ON TABLE record.partition_head TO daybook_app;
GRANT SELECT ON TABLE record.partition_head TO daybook_sealer;
GRANT SELECT ON TABLE record.partition_head TO daybook_eraser;

GRANT SELECT,INSERT ON TABLE record.sealed TO daybook_app;
GRANT SELECT,DELETE ON TABLE record.sealed TO daybook_eraser;

GRANT SELECT ON TABLE seal.anchor TO daybook_app;
GRANT SELECT,INSERT ON TABLE seal.anchor TO daybook_sealer;

GRANT SELECT ON TABLE seal.anchoring TO daybook_app;
GRANT SELECT,INSERT,UPDATE ON TABLE seal.anchoring TO daybook_sealer;

GRANT SELECT,INSERT ON TABLE seal.certificate TO daybook_app;
GRANT SELECT,INSERT ON TABLE seal.certificate TO daybook_sealer;

GRANT SELECT ON TABLE seal.certificate_key TO daybook_app;
GRANT SELECT,INSERT ON TABLE seal.certificate_key TO daybook_sealer;

GRANT SELECT ON TABLE seal.entry TO daybook_app;
GRANT SELECT,INSERT ON TABLE seal.entry TO daybook_sealer;

GRANT SELECT ON TABLE seal.identity TO daybook_app;
GRANT SELECT,INSERT ON TABLE seal.identity TO daybook_sealer;

GRANT SELECT ON TABLE seal.log TO daybook_app;
GRANT SELECT,INSERT,UPDATE ON TABLE seal.log TO daybook_sealer;

GRANT SELECT ON TABLE seal.tile TO daybook_app;
GRANT SELECT,INSERT,UPDATE ON TABLE seal.tile TO daybook_sealer;

GRANT SELECT ON TABLE seal.witness TO daybook_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE seal.witness TO daybook_sealer;

GRANT SELECT,INSERT ON TABLE vault.blind_index TO daybook_app;
GRANT SELECT,DELETE ON TABLE vault.blind_index TO daybook_eraser;

GRANT SELECT,INSERT ON TABLE vault.data_key TO daybook_app;
GRANT SELECT,DELETE ON TABLE vault.data_key TO daybook_eraser;

GRANT UPDATE(epoch) ON TABLE vault.data_key TO daybook_eraser;

GRANT UPDATE(wrapped) ON TABLE vault.data_key TO daybook_eraser;

GRANT SELECT ON TABLE vault.epoch TO daybook_app;
GRANT SELECT,INSERT ON TABLE vault.epoch TO daybook_eraser;

GRANT SELECT ON TABLE vault.erasure TO daybook_app;
GRANT SELECT,INSERT ON TABLE vault.erasure TO daybook_eraser;

GRANT SELECT,INSERT ON TABLE vault.hold TO daybook_app;
GRANT SELECT,DELETE ON TABLE vault.hold TO daybook_eraser;

GRANT SELECT,INSERT ON TABLE vault.key_check TO daybook_app;
GRANT SELECT,INSERT ON TABLE vault.key_check TO daybook_eraser;

GRANT SELECT ON TABLE vault.shredded TO daybook_app;
GRANT SELECT,INSERT ON TABLE vault.shredded TO daybook_eraser;

GRANT SELECT ON TABLE vault.tombstone TO daybook_app;
GRANT SELECT,INSERT ON TABLE vault.tombstone TO daybook_eraser;
