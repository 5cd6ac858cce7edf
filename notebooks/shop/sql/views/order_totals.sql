CREATE VIEW order_totals AS
SELECT o.id, o.customer_id, o.placed, o.status, sum(l.quantity * l.price) AS total
FROM orders o
JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id;
