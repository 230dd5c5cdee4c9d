-- What this session may do in these schemas ($1), and which of these roles ($2) it can become; `held` false: it may not.
with kept as (
    select n.oid, n.nspname
      from pg_namespace n
     where n.nspname = any($1::text[])
), tables as (
    select c.oid, k.nspname || '.' || c.relname as name
      from pg_class c
      join kept k on k.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v') and k.nspname <> 'read_model'
)
select 'SUPERUSER' as power, r.rolsuper as held
  from pg_roles r
 where r.rolname = session_user
union all
select 'CREATEROLE', r.rolcreaterole
  from pg_roles r
 where r.rolname = session_user
union all
select 'MEMBER of ' || r.rolname, pg_has_role(session_user, r.oid, 'member')
  from pg_roles r
 where r.rolname = any($2::text[])
union all
select p.privilege || ' on schema ' || k.nspname, has_schema_privilege(session_user, k.oid, p.privilege)
  from kept k, unnest(array['USAGE', 'CREATE']) p (privilege)
union all
select p.privilege || ' on table ' || t.name, has_table_privilege(session_user, t.oid, p.privilege)
  from tables t, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p (privilege)
union all
select p.privilege || ' on column ' || t.name || '.' || a.attname,
       has_column_privilege(session_user, t.oid, a.attnum, p.privilege)
       and not has_table_privilege(session_user, t.oid, p.privilege)
  from tables t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  cross join unnest(array['SELECT', 'INSERT', 'UPDATE']) p (privilege)
