-- How the anchoring of each log does; a log that was never anchored has no size.
select n.origin, n.asked_at, n.trouble, a.size, a.at
  from seal.anchoring n
  left join lateral (
       select size, at from seal.anchor a
        where a.partition = n.partition and a.origin = n.origin order by size desc limit 1) a on true
 order by n.origin
