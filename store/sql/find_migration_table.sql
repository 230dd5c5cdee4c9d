select to_regclass('daybook.migration') is not null;
