-- By who holds the lease, and after whoever else adds entries.
with held as (
    select partition, shard from seal.log
     where partition = $1 and kind = 'checkpoint' and shard = $2 and epoch = $5
       for update
)
insert into seal.entry (partition, shard, position, entry)
select h.partition, h.shard, $3, $4 from held h
    on conflict do nothing
