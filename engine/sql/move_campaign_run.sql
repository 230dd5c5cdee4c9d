insert into read_model.campaign_run as r (partition, campaign_id, launch, proposed, segment, after, done)
values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (partition, campaign_id) do update
   set proposed = excluded.proposed, segment = excluded.segment, after = excluded.after, done = excluded.done,
       moved_at = clock_timestamp()
