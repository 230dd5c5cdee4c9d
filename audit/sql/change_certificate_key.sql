-- The newest by its time, also when the clock was set back.
insert into seal.certificate_key (partition, vkey, since)
select 0, $1, greatest(clock_timestamp(), max(since) + interval '1 microsecond')
  from seal.certificate_key
 where partition = 0
