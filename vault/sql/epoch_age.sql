-- How long ago the epoch had wrapped its last key here; null: it has not
select clock_timestamp() - at from vault.epoch where partition = $1 and epoch = $2 and change = 'emptied'
