ALTER TABLE persons ALTER COLUMN years_old TYPE bigint;
