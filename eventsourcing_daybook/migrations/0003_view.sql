-- Where the application makes the tables of its materialised views; in the schema of the events it may make none.
create schema record_view;
grant usage, create on schema record_view to daybook_app;
