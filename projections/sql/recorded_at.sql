-- When events of a partition were recorded.
select w.position, e.recorded_at
  from unnest($2::bigint[]) w (position)
  cross join lateral (select c.recorded_at
                        from record.event c
                       where c.partition = $1 and c.position >= w.position and c.position <= w.position
                       order by c.partition, c.position
                       limit 1) e
