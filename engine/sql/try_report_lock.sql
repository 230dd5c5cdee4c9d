select pg_try_advisory_lock(hashtextextended('daybook verification report', 0))
