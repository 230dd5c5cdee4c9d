-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index.
select * from read_model.unit{v} where partition = $1 and unit_id >= $2 and unit_id <= $2 order by partition, unit_id
