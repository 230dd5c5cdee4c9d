-- template: {v} is the version of the tables
select * from read_model.campaign{v} where partition = $1 and campaign_id = $2
