CREATE POLICY known ON stage.users USING (id > 0);
CREATE VIEW stage.ids AS SELECT id FROM live.everybody;
