-- template: {v} is the version of the tables
-- A profile, the version of the customer's stream that it shows, and the sealed data that it names: one round trip.
select p.*,
       (select e.version
          from record.event e
         where e.partition = p.partition and e.stream_id = p.customer_id and e.position <= p.position
         order by e.version desc
         limit 1) as stream_version,
       array(select row (s.event_id, s.subject_id, s.record_class, s.key_id, s.blob)
               from record.sealed s
              where s.partition = p.partition
                and s.event_id = any (array(select (p.name ->> 0)::uuid
                                            union all
                                            select (w.value -> 4 ->> 0)::uuid from jsonb_each(p.pending_corrections) w
                                            union all
                                            select (d.value -> 4 ->> 0)::uuid from jsonb_each(p.documents) d
                                            union all
                                            select (c.value -> 2 ->> 0)::uuid from jsonb_each(p.contact_points) c)))
       as sealed
  from read_model.customer_profile{v} p
 where p.partition = $1 and p.customer_id = $2
