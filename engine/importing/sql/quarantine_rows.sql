insert into intake.quarantine (partition, import_id, source, file_sha256, row_number, line_number, reasons, fields,
                               row_id, key_id, sha256, blob)
select $1, $2, $3, $4, q.row_number, q.line_number, string_to_array(q.reasons, ' '), string_to_array(q.fields, ' '),
       q.row_id, q.key_id, q.sha256, q.blob
  from unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::uuid[], $10::uuid[], $11::bytea[], $12::bytea[])
       q(row_number, line_number, reasons, fields, row_id, key_id, sha256, blob)
    on conflict (partition, import_id, row_number) do nothing
