select partition, kind, subject, sha256, issued_at, note
  from seal.certificate
 where partition = $1 and kind = $2 and subject = $3 and sha256 = $4
