-- Side rows in partitions that there are not.
select 'participant' as what, partition, position::text as place
  from record.participant
 where partition < 0 or partition >= $1
union all
select 'command', partition, command_id::text
  from record.command
 where partition < 0 or partition >= $1
