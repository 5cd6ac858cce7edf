-- pgmg: rename 'done' to 'finished'
CREATE TYPE status AS ENUM ('new', 'doing', 'finished');
