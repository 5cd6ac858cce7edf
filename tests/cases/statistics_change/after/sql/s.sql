CREATE STATISTICS s (ndistinct, dependencies) ON id, age FROM users;
