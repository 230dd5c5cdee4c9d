insert into seal.certificate_key (partition, vkey) values (0, $1) on conflict do nothing
