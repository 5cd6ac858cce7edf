-- +goose Up
CREATE TABLE a (id integer);
-- +goose StatementBegin
CREATE FUNCTION g() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;
-- +goose StatementEnd
-- +goose Down
DROP TABLE a;
