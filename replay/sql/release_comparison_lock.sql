select pg_advisory_unlock(hashtextextended('daybook compares read models', 0))
