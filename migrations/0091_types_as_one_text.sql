-- The types of a customer condition come as one text, a line each. A decision on touches names some thirty, and many are
-- judged at once: as an array of texts they took the client a tenth of the time of a decision.

alter type record.customer_condition alter attribute types type text;

create or replace function record.judge(
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
