CREATE SCHEMA app;
CREATE TABLE app.kind (a integer);
