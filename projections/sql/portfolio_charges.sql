-- template: {v} is the version of the tables
-- Customers who were ever given to a manager ($2), from one ($3) on, and of these those whom the last line that had
-- happened by a moment ($4), as known at another ($5), gives to that manager.
select last.*
  from (select distinct on (m.manager, m.customer_id) m.manager, m.customer_id
          from read_model.portfolio_line{v} m
         where m.partition = $1
           and (m.manager, m.customer_id) > ($2::text, $3::uuid) and m.manager <= $2::text
         order by m.manager, m.customer_id) ever
 cross join lateral (select *
                       from read_model.portfolio_line{v} l
                      where l.partition = $1 and l.customer_id >= ever.customer_id and l.customer_id <= ever.customer_id
                        and l.occurred_at <= coalesce($4::timestamptz, 'infinity')
                        and l.recorded_at <= coalesce($5::timestamptz, 'infinity')
                      order by l.customer_id, l.position desc
                      limit 1) last
 where last.manager = $2::text
 order by ever.manager, ever.customer_id
 limit $6
