CREATE MATERIALIZED VIEW popular AS
SELECT b.id, b.title, b.shelf, count(l.id) AS loans
FROM books b
LEFT JOIN loans l ON l.book_id = b.id
GROUP BY b.id;

CREATE UNIQUE INDEX popular_id ON popular (id);
