-- The holder of the lease takes the bookmark over; $4 is the digest of an empty catalogue.
insert into read_model.clock_bookmark as b (partition, incarnation, lease_epoch, catalogue)
values ($1, $2, $3, $4)
    on conflict (partition) do update set lease_epoch = excluded.lease_epoch
returning b.position, b.incarnation, b.catalogue
