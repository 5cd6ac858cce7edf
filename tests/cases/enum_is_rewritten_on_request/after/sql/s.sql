CREATE TYPE status AS ENUM ('done', 'new');
GRANT USAGE ON TYPE status TO PUBLIC;
