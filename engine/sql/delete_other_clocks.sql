-- Clocks that these complaints do not have any more, as after another regime; $3 and $4 are those that they have.
delete from read_model.complaint_clock c
 where c.partition = $1 and c.complaint_id = any ($2::uuid[])
   and not exists (select from unnest($3::uuid[], $4::text[]) w (complaint_id, clock)
                    where w.complaint_id = c.complaint_id and w.clock = c.clock)
