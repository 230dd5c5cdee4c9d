insert into seal.certificate (partition, kind, subject, sha256, note)
values ($1, $2, $3, sha256(convert_to($4, 'UTF8')), $4)
    on conflict do nothing
