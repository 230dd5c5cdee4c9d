insert into vault.erasure (partition, subject_id, record_class)
select $1, $2, w.record_class
  from unnest($3::text[]) w (record_class)
 where not exists (select from vault.erasure e
                    where e.partition = $1 and e.subject_id = $2 and e.record_class = w.record_class)
