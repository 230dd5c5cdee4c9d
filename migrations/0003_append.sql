-- Appending: one batch of requests of one partition, written by one autocommit call.
--
-- Two traps shaped these statements. A plan may be cached while the table is still empty, so
-- sequential scans are off and every probe is phrased so that one index alone gives its order:
-- with `event_id = x` the planner of an empty table sees no difference between the indexes, and
-- a batch of 64 took 18 ms. And an aborted call undoes the whole batch, so requests are judged
-- one by one before anything is inserted.

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
as $$
declare
    last_recorded_at timestamptz;
    cut timestamptz;
    clock timestamptz;
begin
    if not record.lock_head(p) then
        raise exception 'partition % is not part of this record', p using errcode = 'DB001';
    end if;
    select e.position + 1, e.recorded_at into base, last_recorded_at
      from record.event e where e.partition = p order by e.position desc limit 1;
    select c.recorded_at + interval '1 microsecond' into cut
      from record.closed_cut c where c.partition = p order by c.recorded_at desc limit 1;
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

-- Judges requests under the head lock. Arrays of one length each: events (e_*), streams and the
-- version each must have (s_*), customer conditions (k_*: no event of this customer, of these
-- space-separated types, after this position), command ids (c_*); *_request is a request's ordinal.
-- Returns the refused ordinals (null: none), possibly repeated, with reason, detail and item; of
-- several reasons for one request the first counts:
--   3 command answered before (0)                        (first, so that a repeat is told from a conflict)
--   1 version conflict (the stream's version, -1 none; item: which of s_*, from 1)
--   2 customer condition (position that broke it)
--   4 event id or stream version taken (the version it wanted)
-- Only `careful` probes every request for 3 and 4: they are rare, and unique keys refuse them
-- anyway, though for the whole batch; the caller then asks again with `careful`.
create function record.judge(
    p smallint, careful boolean,
    e_request int[], e_id uuid[], e_stream uuid[], e_version bigint[],
    s_request int[], s_stream uuid[], s_expected bigint[],
    k_request int[], k_customer uuid[], k_types text[], k_after bigint[],
    c_request int[], c_id uuid[],
    out refused int[], out reason smallint[], out detail bigint[], out item int[]
)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    if cardinality(s_request) > 0 then
        select array_agg(f.request), array_agg(1::smallint), array_agg(f.found), array_agg(f.ordinal)
          into refused, reason, detail, item
          from (select s.request, s.expected, s.ordinal::int,
                       coalesce((select e.version from record.event e
                                  where e.partition = p and e.stream_id = s.stream
                                  order by e.version desc limit 1), -1) as found
                  from unnest(s_request, s_stream, s_expected) with ordinality
                       s(request, stream, expected, ordinal)
                offset 0) f
         where f.found <> f.expected;
    end if;
    if cardinality(k_request) > 0 then
        select refused || array_agg(f.request), reason || array_agg(2::smallint),
               detail || array_agg(f.found), item || array_agg(0)
          into refused, reason, detail, item
          from (select k.request,
                       (select e.position from record.event e
                         where e.partition = p
                           and (e.customer_id, e.position) > (k.customer, k.after)
                           and (e.customer_id, e.position) <= (k.customer, 9223372036854775807)
                           and e.type = any (string_to_array(k.types, ' '))
                         order by e.customer_id, e.position limit 1) as found
                  from unnest(k_request, k_customer, k_types, k_after) k(request, customer, types, after)
                offset 0) f
         where f.found is not null;
    end if;
    if careful then
        select refused || array_agg(f.request), reason || array_agg(4::smallint),
               detail || array_agg(f.version), item || array_agg(0)
          into refused, reason, detail, item
          from (select n.request, n.id, n.stream, n.version,
                       (select e.event_id from record.event e
                         where e.partition = p and e.event_id >= n.id
                         order by e.event_id limit 1) as id_found,
                       (select e.version from record.event e
                         where e.partition = p and e.stream_id = n.stream and e.version >= n.version
                         order by e.version limit 1) as version_found
                  from unnest(e_request, e_id, e_stream, e_version) n(request, id, stream, version)
                offset 0) f
         where f.id_found = f.id or f.version_found = f.version;
    end if;
    if careful or refused is not null then
        select array_agg(f.request) || refused, array_agg(3::smallint) || reason,
               array_agg(0::bigint) || detail, array_agg(0) || item
          into refused, reason, detail, item
          from (select c.request, c.id,
                       (select d.command_id from record.command d
                         where d.partition = p and d.command_id >= c.id
                         order by d.command_id limit 1) as found
                  from unnest(c_request, c_id) c(request, id)
                 where careful or c.request = any (refused)
                offset 0) f
         where f.found = f.id;
    end if;
end;
$$;

-- Judges and writes a batch. Further arrays: sealed blobs (b_*), participants (t_*, t_event is the
-- ordinal of the event), the ordinal of each command's last event (c_last, 0: it has none).
-- Events of refused requests are left out and the others stay dense, in order, from base on.
create function record.append(
    p smallint,
    cause_recorded_at timestamptz,
    careful boolean,
    e_request int[], e_id uuid[], e_stream uuid[], e_version bigint[], e_customer uuid[],
    e_type text[], e_schema smallint[], e_occurred_at timestamptz[], e_actor text[],
    e_correlation uuid[], e_causation uuid[], e_salts bytea, e_data bytea[], e_meta bytea[],
    s_request int[], s_stream uuid[], s_expected bigint[],
    k_request int[], k_customer uuid[], k_types text[], k_after bigint[],
    c_request int[], c_id uuid[], c_hmac bytea[], c_answer bytea[], c_last int[], c_expires_at timestamptz[],
    b_request int[], b_event uuid[], b_subject uuid[], b_class text[], b_key uuid[], b_blob bytea[],
    t_event int[], t_customer uuid[], t_role text[],
    out base bigint, out stamp timestamptz,
    out refused int[], out reason smallint[], out detail bigint[], out item int[]
)
language plpgsql volatile
set plan_cache_mode = force_generic_plan
as $$
declare
    place bigint[];
begin
    select n.base, n.stamp into base, stamp from record.next_position(p, cause_recorded_at) n;
    select j.refused, j.reason, j.detail, j.item into refused, reason, detail, item
      from record.judge(p, careful, e_request, e_id, e_stream, e_version, s_request, s_stream, s_expected,
                        k_request, k_customer, k_types, k_after, c_request, c_id) j;

    if refused is null then
        insert into record.event
        select p, base + n.ordinal - 1, n.id, n.stream, n.version, n.customer, n.type, n.schema,
               n.occurred_at, stamp, n.actor, n.correlation, n.causation,
               substring(e_salts from (n.ordinal::int - 1) * 16 + 1 for 16), n.data, n.meta
          from unnest(e_id, e_stream, e_version, e_customer, e_type, e_schema, e_occurred_at, e_actor,
                      e_correlation, e_causation, e_data, e_meta) with ordinality
               n(id, stream, version, customer, type, schema, occurred_at, actor,
                 correlation, causation, data, meta, ordinal);
    else
        select array_agg(case when w.good then base + w.rank - 1 end order by w.ordinal) into place
          from (select n.ordinal, n.request <> all (refused) as good,
                       count(*) filter (where n.request <> all (refused)) over (order by n.ordinal) as rank
                  from unnest(e_request) with ordinality n(request, ordinal)) w;
        insert into record.event
        select p, n.place, n.id, n.stream, n.version, n.customer, n.type, n.schema,
               n.occurred_at, stamp, n.actor, n.correlation, n.causation,
               substring(e_salts from (n.ordinal::int - 1) * 16 + 1 for 16), n.data, n.meta
          from unnest(place, e_id, e_stream, e_version, e_customer, e_type, e_schema, e_occurred_at, e_actor,
                      e_correlation, e_causation, e_data, e_meta) with ordinality
               n(place, id, stream, version, customer, type, schema, occurred_at, actor,
                 correlation, causation, data, meta, ordinal)
         where n.place is not null;
    end if;

    if cardinality(b_request) > 0 then
        insert into record.sealed
        select p, b.event, b.subject, b.class, b.key, b.blob
          from unnest(b_request, b_event, b_subject, b_class, b_key, b_blob)
               b(request, event, subject, class, key, blob)
         where refused is null or b.request <> all (refused);
    end if;
    if cardinality(t_event) > 0 then
        insert into record.participant
        select p, t.customer, case when place is null then base + t.event - 1 else place[t.event] end, t.role
          from unnest(t_event, t_customer, t_role) t(event, customer, role)
         where place is null or place[t.event] is not null;
    end if;
    if cardinality(c_request) > 0 then
        insert into record.command
        select p, c.id, c.hmac, c.answer,
               case when c.last = 0 then base - 1
                    when place is null then base + c.last - 1 else place[c.last] end,
               c.expires_at
          from unnest(c_request, c_id, c_hmac, c_answer, c_last, c_expires_at)
               c(request, id, hmac, answer, last, expires_at)
         where refused is null or c.request <> all (refused);
    end if;
end;
$$;
