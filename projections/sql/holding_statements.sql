-- template: {v} is the version of the tables
-- Of statements on one period the one recorded last; periods of a holding never overlap.
select distinct on (s.holding_id, s.first_on) s.*
  from read_model.holding_statement{v} s
 where s.partition = $1 and s.holding_id >= $2::uuid
   and (s.holding_id, s.first_on) < ($2::uuid, coalesce($3::date, 'infinity'))
 order by s.holding_id desc, s.first_on desc, s.position desc
 limit $4
