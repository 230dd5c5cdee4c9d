select distinct w.record_class
  from unnest($3::text[]) w (record_class)
  join vault.hold h
    on h.partition = $1 and h.subject_id = $2 and h.record_class in ('*', w.record_class)
