CREATE TABLE young (id integer);
