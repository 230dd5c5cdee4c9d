-- template: names a table or function that only the adapter's schema has
-- What `record.append` does, and a tracking record with it: all or nothing.
select a.base, a.stamp, a.refused, a.reason, a.detail, a.item,
       case when a.refused is null then record.track($1, $11, $12) end as tracked
  from record.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) a
