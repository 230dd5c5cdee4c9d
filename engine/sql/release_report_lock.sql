select pg_advisory_unlock(hashtextextended('daybook verification report', 0))
