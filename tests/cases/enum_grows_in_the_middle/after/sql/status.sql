CREATE TYPE status AS ENUM ('first', 'new', 'doing', 'done', 'dropped');
