CREATE FUNCTION alike(one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT lower(one) = lower(other) $$;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = alike, COMMUTATOR = ===);
