insert into vault.hold (partition, hold_id, subject_id, record_class)
select $1, $2, $3, w.record_class from unnest($4::text[]) w (record_class)
    on conflict do nothing
