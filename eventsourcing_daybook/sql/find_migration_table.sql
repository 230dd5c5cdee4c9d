select to_regclass('record.migration') is not null
