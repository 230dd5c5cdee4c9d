grant select on daybook.migration to daybook_app;
