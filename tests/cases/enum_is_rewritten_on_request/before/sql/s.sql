CREATE TYPE status AS ENUM ('new', 'done');
GRANT USAGE ON TYPE status TO PUBLIC;
