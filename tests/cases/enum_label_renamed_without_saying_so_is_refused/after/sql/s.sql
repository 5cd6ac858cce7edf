CREATE TYPE status AS ENUM ('new', 'finished');
