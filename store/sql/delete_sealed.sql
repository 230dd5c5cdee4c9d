-- $2 subjects, $3 key ids: by the subjects' index, those of a destroyed key. Beside which events they were stays known; a
-- restored backup brings back what was noted before.
with gone as (
    delete from record.sealed
     where partition = $1 and subject_id = any ($2::uuid[]) and key_id = any ($3::uuid[])
    returning partition, subject_id, event_id, record_class
), noted as (
    insert into vault.shredded (partition, subject_id, event_id, record_class)
    select partition, subject_id, event_id, record_class
      from gone
        on conflict do nothing
)
select count(*)
  from gone
