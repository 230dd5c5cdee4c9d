-- template: {v} is the version of the tables, {by} the condition whose index to use.
-- Before ($2, $3): a moment alone, or the last complaint shown. $15 to $17: see `Sight`.
select *
  from read_model.complaint{v} c
 where c.partition = $1
   and (c.received_at, c.complaint_id) < (coalesce($2::timestamptz, 'infinity'),
                                          coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
   and c.received_at >= coalesce($14::timestamptz, '-infinity')
   and ($5::text is null or c.status = $5)
   and ($6::text is null or c.product = $6)
   and ($7::text is null or c.handler = $7)
   and ($8::text is null or c.region = $8)
   and ($9::uuid is null or c.customer_id = $9)
   and ($10::text is null or c.external_ref = $10)
   and ($11::text is null or c.issue = $11)
   and ($12::text is null or c.respondent = $12)
   and ($13::text is null or c.severity = $13)
   and ($18::text is null or c.queue = $18)
   and ($19::boolean is null or (c.handler is not null) = $19)
   and ($20::boolean is null or c.major = $20)
   and ($21::uuid is null or c.merged_into = $21)
   and ($22::boolean is null or (c.claims_open > 0) = $22)
   and ($23::boolean is null or (c.claims > 0) = $23)
   and (c.confidential is null or ((c.confidential = any ($15::text[]) or c.complaint_id = any ($17::uuid[]))
                                   and not c.withheld_from ? $16::text))
   {by}
 order by c.received_at desc, c.complaint_id desc
 limit $4
