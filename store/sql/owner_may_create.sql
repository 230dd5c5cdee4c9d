select has_database_privilege('daybook_owner', current_database(), 'create');
