-- From now on nothing is published under the old key: what it has signed is what the entry says.
update seal.log set next_vkey = $4, next_overlap = $5, next_shard = $6, next_entry = $7
 where partition = $1 and kind = $2 and shard = $3
