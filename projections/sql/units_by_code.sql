-- template: {v} is the version of the tables
select found.*
  from unnest($2::text[]) wanted (code)
 cross join lateral (select distinct on (l.code, l.aspect) l.*
                       from read_model.unit_line{v} l
                      where l.partition = $1 and l.code >= wanted.code and l.code <= wanted.code
                        and l.occurred_at <= coalesce($3::timestamptz, 'infinity')
                        and l.recorded_at <= coalesce($4::timestamptz, 'infinity')
                      order by l.code, l.aspect, l.position desc) found
