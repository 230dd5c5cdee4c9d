-- template: names a table or function that only the adapter's schema has
-- What `record.append` does, and a tracking record with it: all or nothing.
select a.base, a.stamp, a.refused, a.reason, a.detail, a.item,
       case when a.refused is null then record.track($1, $40, $41) end as tracked
  from record.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                     $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39) a
