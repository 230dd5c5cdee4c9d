-- How far the versions of $2, $3 are in a partition; of the live versions where none are given.
select v.projection, v.version, v.code, v.tallied, b.position, b.incarnation
  from read_model.version v
  join read_model.bookmark b on b.partition = $1 and b.projection = v.projection and b.version = v.version
 where v.partition = 0
   and case when $2::text[] is null
            then exists (select from read_model.live l
                          where l.partition = 0 and l.projection = v.projection and l.version = v.version)
            else (v.projection, v.version) in (select * from unnest($2::text[], $3::int[])) end
 order by v.projection
