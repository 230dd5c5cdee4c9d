-- Subjects behind $4 of whom a value has this token, in their order.
select distinct subject_id
  from vault.blind_index
 where partition = $1 and field = $2 and token = $3 and subject_id > $4
 order by subject_id
 limit $5
