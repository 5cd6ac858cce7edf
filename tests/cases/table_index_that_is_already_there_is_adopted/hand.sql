CREATE INDEX by_name ON users USING btree (name) INCLUDE (age) WHERE active;
