select position from record.event where partition = $1 order by position desc limit 1
