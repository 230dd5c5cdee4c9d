select record.close_cut($1, $2)
