insert into read_model.lease as l (partition, duty, holder, epoch, expires_at)
values ($1, $2, $3, nextval('read_model.lease_epoch'), clock_timestamp() + $4)
    on conflict (partition, duty) do update
   set holder = excluded.holder, epoch = excluded.epoch, expires_at = excluded.expires_at, trouble = null
 where l.expires_at <= clock_timestamp() or l.holder = excluded.holder or $5::boolean
returning epoch
