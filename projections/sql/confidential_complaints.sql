-- template: {v} is the version of the tables
-- Confidential complaints that the viewer may see ($2 to $4: see `Sight`).
select c.complaint_id, date_trunc('month', c.received_at at time zone 'UTC')::date as month, c.status, c.product
  from read_model.complaint{v} c
 where c.partition = $1 and c.confidential is not null
   and (c.confidential = any ($2::text[]) or c.complaint_id = any ($4::uuid[]))
   and not c.withheld_from ? $3::text
 order by c.partition, c.confidential, c.received_at, c.complaint_id
