-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index. $3 to $5: see `Sight`.
select *
  from read_model.complaint{v} c
 where c.partition = $1 and c.complaint_id >= $2 and c.complaint_id <= $2
   and (c.confidential is null or ((c.confidential = any ($3::text[]) or c.complaint_id = any ($5::uuid[]))
                                   and not c.withheld_from ? $4::text))
 order by c.partition, c.complaint_id
