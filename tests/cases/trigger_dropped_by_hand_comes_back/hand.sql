DROP TRIGGER t ON users;
DROP POLICY p ON users;
DROP RULE r ON users;
