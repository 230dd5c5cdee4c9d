grant usage on schema daybook to daybook_app;
