ALTER FUNCTION known(integer) RENAME TO known_before;
