create schema daybook;
