-- template: {v} is the version of the tables
select * from read_model.customer_profile{v} where partition = $1 and customer_id = $2
