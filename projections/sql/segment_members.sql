-- template: {v} is the version of the tables
-- Customers of a segment ($2) from one ($3) on, as it held at a moment of business time ($4) and was known at another ($5).
select last.*
  from (select distinct on (m.segment, m.customer_id) m.*
          from read_model.segment_membership{v} m
         where m.partition = $1
           and (m.segment, m.customer_id) > ($2::text, $3::uuid) and m.segment <= $2::text
           and m.occurred_at <= coalesce($4::timestamptz, 'infinity')
           and m.recorded_at <= coalesce($5::timestamptz, 'infinity')
         order by m.segment, m.customer_id, m.position desc) last
 where last.entered
 order by last.segment, last.customer_id
 limit $6
