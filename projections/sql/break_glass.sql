-- template: {v} is the version of the tables, {by} the condition whose index to use.
-- Before ($2, $3): the last grant shown.
select *
  from read_model.break_glass{v} g
 where g.partition = $1
   and (g.opened_at, g.grant_id) < (coalesce($2::timestamptz, 'infinity'),
                                    coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
   and ($5::text is null or g.opened_by = $5)
   {by}
 order by g.opened_at desc, g.grant_id desc
 limit $4
