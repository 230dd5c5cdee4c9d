-- $2 subject ids, $3 record classes (pairwise): when their newest destroyed key was
select t.subject_id, t.record_class, max(t.created_at) as at
  from unnest($2::uuid[], $3::text[]) w (subject_id, record_class)
  join vault.tombstone t
    on t.partition = $1 and t.subject_id = w.subject_id and t.record_class = w.record_class
 group by t.subject_id, t.record_class
