CREATE SCHEMA app;
CREATE SCHEMA web;
CREATE TABLE pages (id integer PRIMARY KEY, title text);
