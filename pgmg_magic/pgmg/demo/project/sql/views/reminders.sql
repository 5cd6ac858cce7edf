CREATE VIEW reminders AS
SELECT member, count(*) AS books, sum(fine) AS to_pay
FROM overdue
GROUP BY member;
