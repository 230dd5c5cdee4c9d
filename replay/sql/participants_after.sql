select customer_id, position, role
  from record.participant
 where partition = $1 and (customer_id, position, role) > ($2::uuid, $3::bigint, $4::text)
 order by customer_id, position, role
 limit $5
