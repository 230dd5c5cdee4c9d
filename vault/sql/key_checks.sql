select c.name, c.value, e.at as destroyed_at
  from vault.key_check c
  left join vault.epoch e
    on e.partition = c.partition and c.name = 'epoch-' || e.epoch and e.change = 'destroyed'
 where c.partition = $1
