CREATE TYPE kind AS ENUM ('a', 'b', 'c');
CREATE TYPE pair AS (a integer, b text);
