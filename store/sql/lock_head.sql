select record.lock_head($1)
