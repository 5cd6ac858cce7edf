CREATE MATERIALIZED VIEW bestsellers AS
SELECT p.id, p.name, sum(l.quantity) AS sold
FROM products p
JOIN order_lines l ON l.product_id = p.id
GROUP BY p.id;

CREATE UNIQUE INDEX bestsellers_id ON bestsellers (id);
