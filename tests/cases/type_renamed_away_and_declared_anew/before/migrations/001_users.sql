CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE users (id integer, mood mood);
