select record.position_at($1, $2)
