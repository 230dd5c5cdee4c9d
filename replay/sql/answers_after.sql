select command_id, answer, position
  from record.command
 where partition = $1 and command_id > $2
 order by command_id
 limit $3
