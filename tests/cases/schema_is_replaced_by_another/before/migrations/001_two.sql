CREATE SCHEMA live;
CREATE SCHEMA stage;
CREATE TABLE live.users (id integer, name text);
CREATE TABLE stage.users (id integer, name text);
