select pg_try_advisory_lock(hashtextextended('daybook compares read models', 0))
