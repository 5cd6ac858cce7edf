CREATE VIEW app.everybody AS SELECT * FROM app.users;
CREATE VIEW app.latest AS SELECT * FROM log;
