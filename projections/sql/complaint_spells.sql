-- template: {v} is the version of the tables.
-- The times in which complaints stand open; one that goes on ends at the end of time.
select o.partition, o.complaint_id, o.open_since as begun_at, 'infinity'::timestamptz as ended_at
  from read_model.complaint{v} o
 where o.open_since is not null
union all
select e.partition, e.complaint_id, e.begun_at, e.ended_at
  from read_model.complaint_spell{v} e
