CREATE SCHEMA a;
CREATE SCHEMA b;
CREATE TABLE a.t (id integer, x integer);
CREATE TABLE b.t (id integer, x integer);
