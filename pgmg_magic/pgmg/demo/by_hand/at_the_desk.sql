CREATE VIEW at_the_desk AS SELECT title, member, shelf FROM on_loan ORDER BY title;
GRANT SELECT ON at_the_desk TO front_desk;
