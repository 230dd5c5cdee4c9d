-- template: {v} is the version of the tables
-- A range ($4: from the first on) in the order of the index, so that no plan sorts all lines instead.
select last.manager, count(*) as customers
  from (select distinct on (l.customer_id) l.customer_id, l.manager
          from read_model.portfolio_line{v} l
         where l.partition = $1 and l.customer_id >= $4::uuid
           and l.occurred_at <= coalesce($2::timestamptz, 'infinity')
           and l.recorded_at <= coalesce($3::timestamptz, 'infinity')
         order by l.customer_id, l.position desc) last
 group by last.manager
