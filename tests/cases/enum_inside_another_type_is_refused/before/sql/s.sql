CREATE TYPE status AS ENUM ('new', 'done');
CREATE TYPE pair AS (a status, b integer);
