"""The record: append, read and follow immutable events on PostgreSQL. Knows no banking."""
