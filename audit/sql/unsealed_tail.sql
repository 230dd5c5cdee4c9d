-- How many events a log has still to seal, and the last position of them: they follow each other without a gap.
select count(*) as events, max(position) as last
  from record.event
 where partition = $1 and position >= $2
