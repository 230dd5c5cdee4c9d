select partition, kind, subject, sha256, issued_at, note
  from seal.certificate
 where ($1::text is null or kind = $1) and (partition, kind, subject, sha256) > ($3, $4, $5, $6)
   and ($7::text is null or starts_with(subject, $7))
 order by partition, kind, subject, sha256
 limit $2
