-- A customer's invitations to surveys, newest first: a walk along the customer's own events.
select e.occurred_at, convert_from(e.data, 'UTF8')::jsonb ->> 'survey' as survey
  from record.event e
 where e.partition = $1 and e.customer_id = $2 and e.type = 'survey.invited' and e.data is not null
 order by e.position desc
 limit $3
