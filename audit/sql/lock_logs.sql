-- In one order, so that two of these never wait for each other; what seals waits until they are done.
select partition, kind, shard from seal.log order by kind, partition, shard for update
