-- What the record says is erased of these people, and until which moment what was recorded fell under it.
select e.customer_id::text as subject, e.data,
       coalesce((select min(c.recorded_at)
                   from record.event c
                  where c.partition = e.partition and c.stream_id = e.stream_id and c.type = 'erasure.completed'),
                'infinity') as until
  from unnest($1::uuid[]) wanted (subject)
  join record.event e
    on e.partition = record.slice_of(wanted.subject) % (select count(*) from record.partition_head)
   and e.customer_id = wanted.subject
   and e.type = 'erasure.requested'
 where not exists (select
                     from record.event a
                    where a.partition = e.partition and a.stream_id = e.stream_id and a.type = 'erasure.abandoned')
