select position from record.event where partition = $1 order by partition desc, position desc limit 1
