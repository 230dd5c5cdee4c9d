-- Events of a day, from position $2 until before $3, that are disposed of; the first disposed of first.
select position
  from record.event
 where partition = $1 and position >= $2 and position < $3 and data is null
 order by disposed_at, position
