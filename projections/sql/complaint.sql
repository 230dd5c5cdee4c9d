-- template: {v} is the version of the tables
select * from read_model.complaint{v} where partition = $1 and complaint_id = $2
