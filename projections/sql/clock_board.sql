-- template: {by} the condition on the clock ($9), whose index to use.
-- Clocks that somebody waits for, first due first, after ($2, $3, $4). $6 to $8: see `Sight`.
select c.due_at, c.complaint_id, c.clock, c.detail
  from read_model.complaint_clock c
 where c.partition = $1 and c.waits
   and (c.due_at, c.complaint_id, c.clock) > ($2::timestamptz, $3::uuid, $4::text)
   and (c.confidential is null or ((c.confidential = any ($6::text[]) or c.complaint_id = any ($8::uuid[]))
                                   and not c.withheld_from ? $7::text))
   {by}
 order by c.due_at, c.complaint_id, c.clock
 limit $5
