-- template: {v} is the version of the tables
select request_id from read_model.privacy_request{v}
 where partition = $1 and look_again_on <= $2
 order by partition, look_again_on
 limit $3
