select origin, name, size, cosigned_at, asked_at, trouble from seal.witness order by origin, name
