-- template: {v} is the version of the tables
-- The condition is that of the index, word for word.
select invitation_id, expires_at
  from read_model.survey_invitation{v}
 where partition = $1 and expires_at <= $2 and status in ('invited', 'delivered')
 order by expires_at
 limit $3
