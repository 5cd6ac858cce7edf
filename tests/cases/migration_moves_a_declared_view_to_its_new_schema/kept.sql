CREATE VIEW by_hand AS SELECT id FROM app.v;
