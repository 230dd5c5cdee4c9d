select base, stamp from record.next_position($1, $2)
