CREATE SCHEMA app;
CREATE TABLE app.users (id integer, name text);
CREATE TABLE public.log (at date);
