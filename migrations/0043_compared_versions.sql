-- A version that is filled only to be compared with the live one, and dropped afterwards; it never becomes live.
alter table read_model.version add column purpose text not null default 'serve' check (purpose in ('serve', 'compare'));
