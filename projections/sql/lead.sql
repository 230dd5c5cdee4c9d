-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index.
select * from read_model.lead{v} where partition = $1 and lead_id >= $2 and lead_id <= $2 order by partition, lead_id
