-- template: {v} is the version of the tables
-- What held at a moment of business time ($3), as known at another ($4): of each segment the line recorded last.
select last.*
  from (select distinct on (m.customer_id, m.segment) m.*
          from read_model.segment_membership{v} m
         where m.partition = $1 and m.customer_id >= $2::uuid and m.customer_id <= $2::uuid
           and m.occurred_at <= coalesce($3::timestamptz, 'infinity')
           and m.recorded_at <= coalesce($4::timestamptz, 'infinity')
         order by m.customer_id desc, m.segment desc, m.position desc) last
 where last.entered
