CREATE VIEW v AS SELECT id, active FROM users WHERE active AND id > 0;
