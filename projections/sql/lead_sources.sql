-- template: {v} is the version of the tables
-- First in the order of the index of days, so that no plan reads that of sources whole for the order of the groups.
select l.source, l.currency, count(*) as leads, count(l.qualified_at) as qualified, count(l.converted_at) as converted,
       count(l.lost_at) as lost, sum(l.cost_minor) as cost_minor
  from (select *
          from read_model.lead{v} c
         where c.partition = $1
           and c.captured_at >= coalesce($2::timestamptz, '-infinity')
           and c.captured_at < coalesce($3::timestamptz, 'infinity')
         order by c.captured_at, c.lead_id) l
 group by l.source, l.currency
