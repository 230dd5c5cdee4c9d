-- The next shard of a log. Of the record log the key of the shard before ($6) signs beside the new one for ever: who
-- trusts that one is led on. Whoever still holds the lease of the old shard ($7, $8, $9) loses it.
with closed as (
    update seal.log set epoch = epoch + 1, expires_at = '-infinity', trouble = null, next_vkey = null,
           next_overlap = null, next_shard = null, next_entry = null
     where partition = $7 and kind = $8 and shard = $9
)
insert into seal.log (partition, kind, shard, origin, vkey, vouching)
values ($1, $2, $3, $4, $5, $6)
