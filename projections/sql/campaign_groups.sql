-- template: {v} is the version of the tables
-- Customers of a campaign by group, each once, and those of them who took something up: a range of the index.
select t.compared, count(distinct t.customer_id) as customers,
       count(distinct t.customer_id) filter (where t.converted_at is not null) as converted
  from read_model.campaign_touch{v} t
 where t.partition = $1 and t.campaign_id = $2 and t.compared is not null
 group by t.compared
