CREATE VIEW v AS SELECT name::varchar(10) AS name FROM users;
