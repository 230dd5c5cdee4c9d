-- The leaf hashes of a range, one after the other: the second code path, which shares nothing with `audit.leaf`.
select string_agg(sha256('\x00'::bytea || convert_to(
           '{"h":"' || encode(sha256(convert_to(e.header, 'UTF8')), 'base64')
           || '","n":' || e.position || ',"p":' || e.partition
           || ',"r":"' || to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           || '","v":1}', 'UTF8')), ''::bytea order by e.position)
  from (select partition, position, recorded_at,
               '{"actor":' || to_json(actor)
               || ',"causation_id":' || coalesce('"' || causation_id || '"', 'null')
               || ',"correlation_id":"' || correlation_id
               || '","customer_id":' || coalesce('"' || customer_id || '"', 'null')
               || ',"data_sha256":"' || encode(sha256(data), 'base64')
               || '","event_id":"' || event_id
               || '","meta_sha256":"' || encode(sha256(meta), 'base64')
               || '","occurred_at":"' || to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               || '","salt":"' || encode(salt, 'base64')
               || '","schema":' || schema
               || ',"stream_id":"' || stream_id
               || '","type":' || to_json(type)
               || ',"version":' || version || '}' as header
          from record.event
         where partition = $1 and position >= $2 and position < $3
         order by position) e
