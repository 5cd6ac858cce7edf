-- pgmg: no-transaction
CREATE TABLE a (id integer);
VACUUM a;
