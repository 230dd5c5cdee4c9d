select origin, size, token, at from seal.anchor where partition = $1 and origin = $2 and size > $3 order by size
