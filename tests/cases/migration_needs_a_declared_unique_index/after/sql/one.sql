CREATE VIEW one AS SELECT 1 AS one;
CREATE UNIQUE INDEX users_id ON users (id);
