-- Who signs the record log now: its key, the one before while both sign, and the one that an entry has announced.
select vkey, vouching, next_vkey, next_entry, next_overlap > interval '0' as next_overlaps,
       case when old_until > clock_timestamp() then old_vkey end as old_vkey
  from seal.log
 where partition = $1 and kind = $2 and shard = $3
