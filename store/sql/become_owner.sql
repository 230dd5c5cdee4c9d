set local role daybook_owner
