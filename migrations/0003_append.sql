-- Appending: one batch of requests of one partition, written by one autocommit call.
--
-- Two traps shaped these statements. A plan may be cached while the table is still empty, so
-- sequential scans are off and every probe is phrased so that one index alone gives its order:
-- with `event_id = x` the planner of an empty table sees no difference between the indexes, and
-- a batch of 64 took 18 ms. Where one index has a page less than another it looks cheaper, even
-- with a filter and a sort behind it, so sorting is off as well. And an aborted call undoes the
-- whole batch, so requests are judged one by one before anything is inserted.

-- FOR UPDATE asks for the UPDATE privilege, which the application must not have on anything in
-- the record; this function is all that it may do with a head row. Whoever waited here for another
-- append must then see what that one committed, which only READ COMMITTED shows.
create function record.lock_head(p smallint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
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

-- Locks the head, then reads what the next event of the partition gets. READ COMMITTED gives each
-- statement a fresh snapshot, so what is read here includes all that was committed before the lock.
create function record.next_position(
    p smallint,
    cause_recorded_at timestamptz,
    out base bigint,
    out stamp timestamptz
)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
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

-- What a batch holds, as arrays of rows: one array of rows costs half of what an array a column does.
-- `request` is the ordinal, from 1, of the request that the row belongs to.
create type record.new_event as (
    request        integer,
    event_id       uuid,
    stream_id      uuid,
    version        bigint,
    customer_id    uuid,
    type           text,
    schema         smallint,
    occurred_at    timestamptz,
    actor          text,
    correlation_id uuid,
    causation_id   uuid,
    data           bytea,
    meta           bytea
);
create type record.expected_version as (
    request   integer,
    stream_id uuid,
    version   bigint  -- -1: the stream must not exist
);
create type record.customer_condition as (  -- no event of the customer, of these types, after the position
    request     integer,
    customer_id uuid,
    types       text[],
    after       bigint
);
create type record.new_answer as (
    request      integer,
    command_id   uuid,
    request_hmac bytea,
    answer       bytea,
    last         integer,  -- ordinal of its last event in the batch, 0: it has none
    expires_at   timestamptz
);
create type record.new_sealed as (
    request      integer,
    event_id     uuid,
    subject_id   uuid,
    record_class text,
    key_id       uuid,
    blob         bytea
);
create type record.new_participant as (
    event       integer,  -- ordinal of the event in the batch
    customer_id uuid,
    role        text
);

-- Judges requests under the head lock. Returns the refused ordinals (null: none), possibly repeated,
-- with reason, detail and item; of several reasons for one request the first counts:
--   3 command answered before (0)                        (first, so that a repeat is told from a conflict)
--   1 version conflict (the stream's version, -1 none; item: which of `expected`, from 1)
--   2 customer condition (position that broke it)
--   4 event id or stream version taken (the version it wanted)
-- Only `careful` probes every request for 3 and 4: they are rare, and unique keys refuse them
-- anyway, though for the whole batch; the caller then asks again with `careful`.
create function record.judge(
    p smallint, careful boolean,
    events record.new_event[],  -- looked at only when careful
    expected record.expected_version[],
    conditions record.customer_condition[],
    answers record.new_answer[],
    out refused int[], out reason smallint[], out detail bigint[], out item int[]
)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
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
                           and e.type = any (k.types)
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

-- Judges and writes a batch. Events of refused requests are left out and the others stay dense, in
-- order, from base on. `salts` are those of all events, 16 bytes each, end to end.
create function record.append(
    p smallint,
    cause_recorded_at timestamptz,
    careful boolean,
    events record.new_event[],
    salts bytea,
    expected record.expected_version[],
    conditions record.customer_condition[],
    answers record.new_answer[],
    sealed record.new_sealed[],
    participants record.new_participant[],
    out base bigint, out stamp timestamptz,
    out refused int[], out reason smallint[], out detail bigint[], out item int[]
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
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
