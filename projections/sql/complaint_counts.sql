-- template: {v} is the version of the tables. $6, $7, $8: whether to group by month, status, product.
select case when $6::boolean then month end as month,
       case when $7::boolean then status end as status,
       case when $8::boolean then product end as product,
       sum(complaints)::bigint as complaints
  from read_model.complaint_count{v}
 where partition = $1
   and month >= coalesce($2::date, '-infinity') and month <= coalesce($3::date, 'infinity')
   and ($4::text is null or status = $4)
   and ($5::text is null or product = $5)
 group by 1, 2, 3
