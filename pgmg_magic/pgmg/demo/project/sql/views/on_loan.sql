CREATE VIEW on_loan AS
SELECT l.id AS loan_id, l.book_id, b.title, b.shelf, m.name AS member, l.due
FROM loans l
JOIN books b ON b.id = l.book_id
JOIN members m ON m.id = l.member_id
WHERE l.returned IS NULL;
