-- template: {v} is the version of the tables
select handover_id
  from read_model.portfolio_handover{v}
 where partition = $1 and status = 'ordered'
 order by partition, handover_id
 limit $2
