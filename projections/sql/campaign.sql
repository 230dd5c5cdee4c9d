-- template: {v} is the version of the tables
-- A range in the key's order, so that no plan made while the table is small takes another index.
select * from read_model.campaign{v} where partition = $1 and campaign_id >= $2 and campaign_id <= $2 order by partition, campaign_id
