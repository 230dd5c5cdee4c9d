select e.subject_id, e.record_class
  from unnest($2::uuid[], $3::text[]) w (subject_id, record_class)
  join vault.erasure e on e.partition = $1 and e.subject_id = w.subject_id and e.record_class = w.record_class
