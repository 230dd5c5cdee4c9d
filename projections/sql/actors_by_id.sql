-- template: {v} is the version of the tables
select found.*
  from unnest($2::uuid[]) wanted (id)
 cross join lateral (select *
                       from read_model.actor{v} a
                      where a.partition = $1 and a.entry_id >= wanted.id and a.entry_id <= wanted.id
                      order by a.partition, a.entry_id) found
