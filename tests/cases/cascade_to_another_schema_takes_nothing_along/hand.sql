CREATE VIEW hand AS SELECT id FROM app.users;
COMMENT ON VIEW hand IS 'by hand';
