CREATE TYPE status AS ENUM ('new');
CREATE TYPE pair AS (a status, b integer);
