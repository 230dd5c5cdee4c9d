-- The holder of the lease takes the bookmark over.
insert into read_model.keeper_bookmark as b (partition, duty, incarnation, lease_epoch)
values ($1, $2, $3, $4)
    on conflict (partition, duty) do update set lease_epoch = excluded.lease_epoch
returning b.position, b.incarnation, b.basis
