select reads.position_at($1, $2)
