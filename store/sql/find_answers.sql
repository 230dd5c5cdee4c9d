select command_id, request_hmac, answer, position
  from record.command
 where partition = $1 and command_id = any ($2::uuid[])
