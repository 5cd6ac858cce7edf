CREATE TYPE kind AS ENUM ('b');
