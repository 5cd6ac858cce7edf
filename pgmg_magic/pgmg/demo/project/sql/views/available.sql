CREATE VIEW available AS
SELECT b.id, b.title, b.author, b.format, b.shelf
FROM books b
WHERE NOT EXISTS (SELECT FROM on_loan l WHERE l.book_id = b.id);
