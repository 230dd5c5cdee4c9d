-- The reads log: every look at personal data, in a record of its own, of the same make as `record`: dense
-- positions, immutable rows, the same functions and the same refusals.

--> 0001_record.sql in reads
--> 0003_append.sql in reads
--> 0004_reading.sql in reads
--> 0005_refusals.sql in reads

-- Auditors ask what one person looked at.
create index event_actor on reads.event (partition, actor, position);
