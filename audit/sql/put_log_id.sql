insert into seal.identity (partition, log_id) values (0, $1) on conflict do nothing
