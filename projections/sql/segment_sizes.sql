-- template: {v} is the version of the tables
-- A range ($4: from the first on) in the order of the index, so that no plan sorts all lines instead.
select last.segment, count(*) as customers
  from (select distinct on (m.segment, m.customer_id) m.segment, m.customer_id, m.entered
          from read_model.segment_membership{v} m
         where m.partition = $1 and m.segment >= $4::text
           and m.occurred_at <= coalesce($2::timestamptz, 'infinity')
           and m.recorded_at <= coalesce($3::timestamptz, 'infinity')
         order by m.segment, m.customer_id, m.position desc) last
 where last.entered
 group by last.segment
