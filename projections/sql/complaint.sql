-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index.
select * from read_model.complaint{v} where partition = $1 and complaint_id >= $2 and complaint_id <= $2 order by partition, complaint_id
