CREATE STATISTICS s (ndistinct) ON id, name FROM users;
