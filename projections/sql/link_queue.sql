-- template: {v} is the version of the tables. After ($2, $3): the last one shown.
select c.customer_id, c.linked_since, c.links
  from read_model.customer_profile{v} c
 where c.partition = $1 and c.linked_since is not null
   and (c.linked_since, c.customer_id) > (coalesce($2::timestamptz, '-infinity'),
                                          coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
 order by c.linked_since, c.customer_id
 limit $4
