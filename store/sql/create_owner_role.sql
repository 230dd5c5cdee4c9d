-- Owns every object of Daybook and logs in nowhere. Roles are cluster-wide: another database may be making it now.
do $$
begin
    if not exists (select from pg_roles where rolname = 'daybook_owner') then
        create role daybook_owner nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
end;
$$;
