CREATE TYPE status AS ENUM ('done', 'new');
