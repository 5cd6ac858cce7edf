CREATE TABLE users (id integer PRIMARY KEY, name text, born date);
INSERT INTO users VALUES (1, 'ann', '1999-01-01'), (2, 'bob', NULL);
CREATE VIEW by_hand AS SELECT upper(name) AS name FROM users;
COMMENT ON VIEW by_hand IS 'mine';
GRANT SELECT ON by_hand TO PUBLIC;
