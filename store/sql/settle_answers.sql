select command_id, request_hmac, position, clock_timestamp() as found_at
  from record.command
 where partition = $1 and command_id = any ($2::uuid[])
