-- Beside which events the blobs of destroyed keys were. The events name them still, but are no more found by them: so a
-- certificate counts what is gone, and an export finds what concerned the person, after an erasure as before it.

create table vault.shredded (
    partition    smallint not null,
    subject_id   uuid     not null,
    event_id     uuid     not null,
    record_class text     not null,
    primary key (partition, subject_id, event_id, record_class)
);

create trigger refuse_change before update or delete on vault.shredded
    for each row execute function vault.refuse_change();
create trigger refuse_truncate before truncate on vault.shredded execute function vault.refuse_change();

grant select on vault.shredded to daybook_app, daybook_eraser;
grant insert on vault.shredded to daybook_eraser;

-- What was shredded before. The record is read through only where anything was.
insert into vault.shredded (partition, subject_id, event_id, record_class)
select e.partition, (r.named ->> 'subject')::uuid, e.event_id, r.named ->> 'class'
  from record.event e
 cross join lateral jsonb_array_elements(convert_from(e.data, 'UTF8')::jsonb -> 'sealed') r (named)
 where exists (select from vault.tombstone)
   and position('"sealed":['::bytea in e.data) > 0
   and exists (select
                 from vault.tombstone t
                where t.partition = e.partition and t.subject_id = (r.named ->> 'subject')::uuid
                  and t.record_class = r.named ->> 'class')
   and not exists (select
                     from record.sealed s
                    where s.partition = e.partition and s.event_id = e.event_id
                      and s.subject_id = (r.named ->> 'subject')::uuid and s.record_class = r.named ->> 'class');
