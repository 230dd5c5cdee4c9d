-- What this session could do that the application must not: be anybody, act as the owner, or change the record.
select r.rolsuper as superuser,
       coalesce(pg_has_role(session_user, o.oid, 'member'), false) as owner,
       has_table_privilege(session_user, 'record.event', 'update, delete, truncate') as may_change
  from pg_roles r
  left join pg_roles o on o.rolname = 'daybook_owner'
 where r.rolname = session_user
