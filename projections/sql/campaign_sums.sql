-- template: {v} is the version of the tables
select measure, channel, detail, times, amount_minor
  from read_model.campaign_sum{v}
 where partition = $1 and campaign_id = $2
