-- template: {v} is the version of the tables
-- Units after a code ($2), each with its aspects, as they held at a moment of business time ($3) and were known at
-- another ($4). A unit has one line of its kind, from when it was opened.
select found.*
  from (select k.code
          from read_model.unit_line{v} k
         where k.partition = $1 and k.aspect = 'kind' and k.code > $2::text
           and k.occurred_at <= coalesce($3::timestamptz, 'infinity')
           and k.recorded_at <= coalesce($4::timestamptz, 'infinity')
         order by k.code
         limit $5) there
 cross join lateral (select distinct on (l.code, l.aspect) l.*
                       from read_model.unit_line{v} l
                      where l.partition = $1 and l.code >= there.code and l.code <= there.code
                        and l.occurred_at <= coalesce($3::timestamptz, 'infinity')
                        and l.recorded_at <= coalesce($4::timestamptz, 'infinity')
                      order by l.code, l.aspect, l.position desc) found
