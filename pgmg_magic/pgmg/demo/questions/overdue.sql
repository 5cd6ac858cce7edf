SELECT * FROM overdue ORDER BY days_late DESC;
