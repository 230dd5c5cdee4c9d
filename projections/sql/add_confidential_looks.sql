insert into read_model.confidential_look (partition, position, stream_id, day, actor, customer_id, event_id)
select $1, u.*
  from unnest($2::bigint[], $3::uuid[], $4::date[], $5::text[], $6::uuid[], $7::uuid[]) u
