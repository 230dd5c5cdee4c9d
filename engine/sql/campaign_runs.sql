-- One row for each partition that has begun: a probe of the primary key in each.
select r.partition, r.proposed, r.done, r.moved_at
  from read_model.campaign_run r
 where r.partition = any ($1::smallint[]) and r.campaign_id = $2
