-- Of the newest anchor of a log: its size, and how long it is ago.
select size, clock_timestamp() - at as age from seal.anchor
 where partition = $1 and origin = $2 order by size desc limit 1
