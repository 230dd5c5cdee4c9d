-- One at a time; held until the transaction ends. The argument is the schema's name.
select pg_advisory_xact_lock(hashtextextended($1, 28254671641472875))
