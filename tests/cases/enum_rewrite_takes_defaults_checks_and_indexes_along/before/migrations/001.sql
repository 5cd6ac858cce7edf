CREATE TABLE t (id integer, s status DEFAULT 'new', CONSTRAINT fine CHECK (s <> 'done'));
CREATE INDEX t_new ON t (id) WHERE s = 'new';
CREATE INDEX t_s ON t (s);
CREATE POLICY p ON t USING (s = 'new');
