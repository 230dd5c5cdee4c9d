-- template: {v} is the version of the tables
-- Of statements on one period the one recorded last comes first.
select s.*
  from read_model.holding_statement{v} s
 where s.partition = $1 and s.customer_id >= $2::uuid and s.customer_id <= $2::uuid
   and s.first_on >= $3::date and s.last_on <= $4::date
 order by s.customer_id desc, s.holding_id desc, s.first_on desc, s.position desc
