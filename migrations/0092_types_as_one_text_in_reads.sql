-- The reads log is of the same make.

--> 0091_types_as_one_text.sql in reads
