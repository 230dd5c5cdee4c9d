select string_agg(sha256('\x00'::bytea || entry), ''::bytea order by position)
  from seal.entry
 where partition = $1 and shard = $4 and position >= $2 and position < $3
