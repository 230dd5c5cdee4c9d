select w.position, w.customer_id, w.role
  from unnest($2::bigint[], $3::uuid[], $4::text[]) w (position, customer_id, role)
 where not exists (select
                     from record.participant p
                    where p.partition = $1 and p.customer_id = w.customer_id and p.position = w.position
                      and p.role = w.role)
