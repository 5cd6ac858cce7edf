CREATE VIEW overdue AS
SELECT title, member, current_date - due AS days_late, fine(current_date - due) AS fine
FROM on_loan
WHERE due < current_date;

COMMENT ON VIEW overdue IS 'Books that should be back, and what that costs';

GRANT SELECT ON overdue TO front_desk;
