-- template: {v} is the version of the tables, {table} what is counted at the time {at}; {groups}, {value} and {amount}
-- come from a measure, {where} too. $4: values of dimensions, $5 to $7: see `Sight`.
select {groups}{value}, {amount}
  from read_model.{table}{v} r
 where r.partition = $1
   and r.{at} >= coalesce($2::timestamptz, '-infinity') and r.{at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
 {group_by}
 limit $8
