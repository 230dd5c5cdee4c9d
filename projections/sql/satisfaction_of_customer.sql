-- template: {v} is the version of the tables
select *
  from read_model.survey_invitation{v}
 where partition = $1 and customer_id = $2 and position < $3
 order by position desc
 limit $4
