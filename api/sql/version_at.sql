select version from record.event where partition = $1 and position = $2
