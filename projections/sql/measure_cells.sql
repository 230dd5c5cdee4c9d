-- template: {v} is the version of the tables. A measure tells the table, what is joined to it, the time that counts, groups,
-- value and amount, and the condition. $4: values of dimensions, $5 to $7: see `Sight`.
select {groups}{value}, {amount}
  from read_model.{table}{v} r{joined}
 where r.partition = $1
   and {at} >= coalesce($2::timestamptz, '-infinity') and {at} < coalesce($3::timestamptz, 'infinity')
   and $4::text[] is not null and {where}
 {group_by}
 limit $8
