-- template: {v} is the version of the tables. $8 to $11: whether to group by month, channel, product, branch.
select metric, scale_min, scale_max,
       case when $8::boolean then month end as month,
       case when $9::boolean then channel end as channel,
       case when $10::boolean then product end as product,
       case when $11::boolean then branch end as branch,
       sum(invited)::bigint as invited, sum(responded)::bigint as responded, sum(expired)::bigint as expired
  from read_model.survey_invited{v}
 where partition = $1
   and month >= coalesce($2::date, '-infinity') and month <= coalesce($3::date, 'infinity')
   and ($4::text is null or metric = $4)
   and ($5::text is null or channel = $5)
   and ($6::text is null or product = $6)
   and ($7::text is null or branch = $7)
 group by 1, 2, 3, 4, 5, 6, 7
