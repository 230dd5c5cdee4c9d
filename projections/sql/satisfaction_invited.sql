-- template: {v} is the version of the tables. $7, $8, $9: whether to group by month, channel, product.
select metric, scale_min, scale_max,
       case when $7::boolean then month end as month,
       case when $8::boolean then channel end as channel,
       case when $9::boolean then product end as product,
       sum(invited)::bigint as invited, sum(responded)::bigint as responded, sum(expired)::bigint as expired
  from read_model.survey_invited{v}
 where partition = $1
   and month >= coalesce($2::date, '-infinity') and month <= coalesce($3::date, 'infinity')
   and ($4::text is null or metric = $4)
   and ($5::text is null or channel = $5)
   and ($6::text is null or product = $6)
 group by 1, 2, 3, 4, 5, 6
