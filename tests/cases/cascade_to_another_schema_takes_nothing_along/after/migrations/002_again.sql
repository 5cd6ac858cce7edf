DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.users (id bigint);
