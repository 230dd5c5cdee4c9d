-- template: {v} is the version of the tables, {by} the condition whose index to use.
select *
  from read_model.privacy_request{v} r
 where r.partition = $1
   and (r.due_on, r.request_id) > (coalesce($2::date, '-infinity'),
                                   coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
   and ($5::text is null or r.kind = $5)
   and ($6::text is null or r.status = $6)
   {by}
 order by r.due_on, r.request_id
 limit $4
