-- Confidential matters: streams that exist only for those who may see them.
--
-- What marks one commits with it, as an event of its type, so nothing can see the stream before it is confidential.
-- The index holds these events alone: for any other stream the look is one probe of an almost empty index.

create index event_confidential on record.event (partition, stream_id, version)
    where type like '%.marked-confidential' or type like '%.declassified';

-- The last word on each stream that was ever marked. Where its data is disposed of, the group is null: then nobody
-- may see the stream.
create view record.confidential as
select m.partition, m.stream_id, m.facts ->> 'group' as matter_group, m.facts -> 'withheld_from' as withheld_from
  from (select e.partition, e.stream_id, e.version, e.type, convert_from(e.data, 'UTF8')::jsonb as facts
          from record.event e
         where e.type like '%.marked-confidential' or e.type like '%.declassified') m
 where m.type like '%.marked-confidential'
   and not exists (select
                     from record.event n
                    where n.partition = m.partition and n.stream_id = m.stream_id and n.version > m.version
                      and (n.type like '%.marked-confidential' or n.type like '%.declassified'));

grant select on record.confidential to daybook_app;
