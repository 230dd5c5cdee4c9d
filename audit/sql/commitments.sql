-- Events that commit to sealed personal data; `data` is looked into by who asks, for it may have been tampered with.
select e.position, e.data, e.recorded_at
  from record.event e
 where e.partition = $1 and e.position >= $2 and e.position < $3
   and position('"sealed":['::bytea in e.data) > 0
