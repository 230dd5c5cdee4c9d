-- template: {v} is the version of the tables
select l.source, l.currency, count(*) as leads, count(l.qualified_at) as qualified, count(l.converted_at) as converted,
       count(l.lost_at) as lost, sum(l.cost_minor) as cost_minor
  from read_model.lead{v} l
 where l.partition = $1
   and l.captured_at >= coalesce($2::timestamptz, '-infinity') and l.captured_at < coalesce($3::timestamptz, 'infinity')
 group by l.source, l.currency
