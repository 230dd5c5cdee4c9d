-- What of the schema decides who may change what, and what is computed: each object with its definition. Of grants those
-- to others than the owner. The tables of read models are made and dropped while the program runs, so they are left out.
with kept as (
    select n.oid, n.nspname
      from pg_namespace n
     where n.nspname = any($1::text[])
), tables as (
    select c.oid, k.nspname || '.' || c.relname as name, c.relowner, c.relacl, c.relkind, c.relrowsecurity
      from pg_class c
      join kept k on k.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
), functions as (
    select p.oid, k.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
           p.proowner, p.proacl
      from pg_proc p
      join kept k on k.oid = p.pronamespace
), granted as (
    select 'schema ' || k.nspname as name, n.nspowner as owner, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
      from kept k
      join pg_namespace n on n.oid = k.oid
    union all
    select 'table ' || t.name, t.relowner,
           coalesce(t.relacl, acldefault(case t.relkind when 'S' then 's' else 'r' end::"char", t.relowner))
      from tables t
    union all
    select 'column ' || t.name || '.' || a.attname, t.relowner, a.attacl
      from tables t
      join pg_attribute a on a.attrelid = t.oid and a.attacl is not null
    union all
    select 'function ' || f.name, f.proowner, coalesce(f.proacl, acldefault('f', f.proowner))
      from functions f
)
select 'function ' || f.name as name, pg_get_functiondef(f.oid) || 'owner ' || pg_get_userbyid(f.proowner) as definition
  from functions f
union all
select 'table ' || t.name, t.relkind::text || ' owner ' || pg_get_userbyid(t.relowner) || ' policies ' || t.relrowsecurity
  from tables t
union all
select 'column ' || t.name || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  from tables t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select 'trigger ' || t.name || '.' || g.tgname, pg_get_triggerdef(g.oid) || ' ' || g.tgenabled::text
  from tables t
  join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
union all
select 'constraint ' || t.name || '.' || o.conname, pg_get_constraintdef(o.oid) || ' ' || o.convalidated
  from tables t
  join pg_constraint o on o.conrelid = t.oid and o.contype in ('c', 'p', 'u', 'f', 'x')
union all
select 'rule ' || t.name || '.' || r.rulename, r.ev_enabled::text
  from tables t
  join pg_rewrite r on r.ev_class = t.oid and r.rulename <> '_RETURN'
union all
select 'policy ' || t.name || '.' || p.polname, p.polcmd::text
  from tables t
  join pg_policy p on p.polrelid = t.oid
union all
select 'event trigger ' || e.evtname, e.evtevent || ' ' || e.evtfoid::regprocedure || ' ' || e.evtenabled::text
  from pg_event_trigger e
union all
select 'grant on ' || g.name || ' to ' || case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
       string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ' ' order by a.privilege_type)
  from granted g, aclexplode(g.acl) a
 where a.grantee <> g.owner
 group by g.name, a.grantee
