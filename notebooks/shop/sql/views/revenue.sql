CREATE VIEW revenue AS
SELECT to_char(placed, 'YYYY-MM') AS month, count(*) AS orders, sum(total) AS revenue
FROM order_totals
GROUP BY month;

COMMENT ON VIEW revenue IS 'Sales by month, in cents';

GRANT SELECT ON revenue TO analyst;
