-- Whether anything was recorded before a moment, and can be proved: the first event of some partition that has a log.
select exists (select
                 from seal.log l
                 join record.event e on e.partition = l.partition and e.position = 0
                where l.kind = 'event' and e.recorded_at < $1)
