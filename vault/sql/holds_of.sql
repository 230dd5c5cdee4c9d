select hold_id, record_class, placed_at
  from vault.hold
 where partition = $1 and subject_id = $2
 order by placed_at, hold_id, record_class
