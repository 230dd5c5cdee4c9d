-- What erases personal data logs in as; a DBA gives it a password or another way to log in.
do $$
begin
    if not exists (select from pg_roles where rolname = 'daybook_eraser') then
        create role daybook_eraser login;
    end if;
exception
    when duplicate_object or unique_violation then null;
end;
$$;
