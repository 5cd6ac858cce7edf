CREATE SCHEMA live;
CREATE SCHEMA stage;
CREATE TYPE live.mood AS ENUM ('sad');
CREATE TYPE stage.mood AS ENUM ('glad');
CREATE TABLE live.users (id integer PRIMARY KEY, mood live.mood);
CREATE TABLE stage.users (id integer PRIMARY KEY, mood stage.mood, name text);
