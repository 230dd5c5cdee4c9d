select r.proposed, r.segment, r.after, r.done
  from read_model.campaign_run r
 where r.partition = $1 and r.campaign_id = $2
