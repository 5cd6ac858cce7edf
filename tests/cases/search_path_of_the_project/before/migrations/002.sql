CREATE TABLE app.t (id integer, x integer);
