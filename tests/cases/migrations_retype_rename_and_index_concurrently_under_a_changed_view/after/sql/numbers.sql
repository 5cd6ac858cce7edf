CREATE VIEW numbers AS SELECT shown(id) AS number FROM purchases;
