-- The complaints to which time alone has done something, the longest due first: a range of the index.
select c.complaint_id
  from read_model.complaint_clock c
 where c.partition = $1 and c.next_at <= $2
 order by c.next_at
 limit $3
