-- Compare and set: whoever lost the lease, or folded from another position, moves nothing; nor does one
-- whose events are gone (a failover to a server that did not have them yet).
update read_model.bookmark b set position = $6, incarnation = $8, moved_at = clock_timestamp()
  from unnest($2::text[], $3::int[]) w(projection, version)
 where b.partition = $1 and b.projection = w.projection and b.version = w.version
   and b.lease_epoch = $4 and b.position = $5
   and ($7::uuid is null
        or exists (select from record.event e
                    where e.partition = $1 and e.position = $6 - 1 and e.event_id = $7))
returning b.projection
