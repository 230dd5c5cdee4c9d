-- One migration of a database at a time; the key is "daybook" in ASCII. Held until the connection closes.
select pg_advisory_lock(28254671641472875);
