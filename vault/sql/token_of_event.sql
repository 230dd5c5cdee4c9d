-- The one token of an event that has one searchable value.
select field, token from vault.blind_index where partition = $1 and event_id = $2
