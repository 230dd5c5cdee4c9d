insert into seal.certificate (partition, kind, subject, sha256, note) values ($1, $2, $3, $4, $5) on conflict do nothing
