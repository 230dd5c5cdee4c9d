-- The holder of the lease takes the bookmark over.
insert into read_model.survey_bookmark as b (partition, incarnation, lease_epoch)
values ($1, $2, $3)
    on conflict (partition) do update set lease_epoch = excluded.lease_epoch
returning b.position, b.incarnation
