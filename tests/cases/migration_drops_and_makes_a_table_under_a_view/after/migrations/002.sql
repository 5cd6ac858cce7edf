DROP TABLE users;
CREATE TABLE users (id bigint, name text);
