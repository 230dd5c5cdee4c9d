-- template: {v} is the version of the tables
select (select count(*) from read_model.privacy_request{v} r where r.partition = $1 and r.open) as open,
       (select count(*) from read_model.privacy_request{v} r
         where r.partition = $1 and r.open and r.due_on < $2) as overdue,
       (select count(*) from read_model.erasure{v} e
         where e.partition = $1 and e.open and e.certificate_sha256 is null) as erasing,
       (select count(*) from read_model.erasure{v} e
         where e.partition = $1 and e.open and e.failing <> '[]') as failing,
       (select count(*) from read_model.erasure{v} e
         where e.partition = $1 and e.open and e.telling <> '{}') as telling,
       (select count(*) from read_model.legal_hold{v} h where h.partition = $1 and h.open) as held
