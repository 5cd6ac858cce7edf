CREATE TABLE users (id bigint, age smallint, name text);
