insert into vault.epoch (partition, epoch, change, actor, approved_by)
select $1, $2, $3, $4, $5
 where not exists (select from vault.epoch e where e.partition = $1 and e.epoch = $2 and e.change = $3)
