select record_class, created_at
  from vault.erasure
 where partition = $1 and subject_id = $2 and record_class = any ($3::text[])
