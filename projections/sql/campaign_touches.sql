-- template: {v} is the version of the tables
-- Touches of a campaign that stand in one of the ways of $5, last decided first, from before ($3, $4): each way is a range
-- of the index, so that the few that are held are not looked for among all that were sent.
select t.touch_id, t.decided_at, t.position
  from unnest($5::text[]) w (status)
  cross join lateral (select c.touch_id, c.decided_at, c.position
                        from read_model.campaign_touch{v} c
                       where c.partition = $1 and c.campaign_id = $2 and c.status = w.status
                         and (c.decided_at, c.touch_id) < (coalesce($3::timestamptz, 'infinity'),
                                                           coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                       order by c.decided_at desc, c.touch_id desc
                       limit $6) t
