CREATE VIEW v AS SELECT name::varchar(20) AS name FROM users;
