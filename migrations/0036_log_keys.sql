-- The key of a log can be changed: an entry of the record log says so, and when a signed checkpoint of the record log
-- covers that entry, the log signs with the new key; from the entry on nothing was published under the old one alone.
alter table seal.log
    add next_vkey    text,
    add next_overlap interval,
    add next_shard   integer,      -- of the record log: where the entry is
    add next_entry   bigint,
    add old_vkey     text,         -- the key before; it signs beside the new one until `old_until`
    add old_until    timestamptz,
    add vouching     text,         -- of a later shard of the record log: the key of the shard before, which signs as well
    add old_size     bigint,       -- up to which checkpoints may have the old key's signature alone
    add check ((next_vkey is null) = (next_entry is null) and (next_vkey is null) = (next_shard is null)
               and (next_vkey is null) = (next_overlap is null)),
    add check ((old_vkey is null) = (old_size is null));
