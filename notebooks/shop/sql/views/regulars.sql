CREATE VIEW regulars AS
SELECT c.name, c.city, sum(t.total)::bigint AS spent, discount(sum(t.total)::bigint) AS discount
FROM customers c
JOIN order_totals t ON t.customer_id = c.id
GROUP BY c.id
HAVING count(*) > 1;
