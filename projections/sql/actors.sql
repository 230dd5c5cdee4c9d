-- template: {v} is the version of the tables
select *
  from read_model.actor{v} a
 where a.partition = $1 and (a.actor, a.entry_id) > ($2::text, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 order by a.actor, a.entry_id
 limit $3
