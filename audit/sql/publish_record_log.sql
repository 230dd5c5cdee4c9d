-- With a checkpoint that covers the entry of a changed key the change takes effect: for the record log itself, which
-- has signed with the new key ($7), and for the others, whose sealers lose their lease and begin anew with theirs.
with published as (
    update seal.log
       set signed_size = $5, checkpoint = $6, signed_at = clock_timestamp(), trouble = null, vkey = $7,
           old_vkey = case when vkey = $7 then old_vkey else vkey end,
           old_size = case when vkey = $7 then old_size else signed_size end,
           old_until = case when vkey = $7 then old_until else clock_timestamp() + next_overlap end,
           next_vkey = null, next_overlap = null, next_shard = null, next_entry = null
     where partition = $1 and kind = $2 and shard = $3 and epoch = $4 and size >= $5 and signed_size <= $5
       and (next_vkey is null or (next_vkey = $7 and next_entry < $5))
    returning epoch
), changed as (
    update seal.log l
       set vkey = l.next_vkey, old_vkey = l.vkey, old_size = l.signed_size,
           old_until = clock_timestamp() + l.next_overlap, epoch = l.epoch + 1, expires_at = '-infinity',
           next_vkey = null, next_overlap = null, next_shard = null, next_entry = null
      from published
     where l.kind <> 'checkpoint' and l.next_shard = $3 and l.next_entry < $5
)
select epoch from published
