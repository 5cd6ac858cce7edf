-- Lends a book for four weeks and returns the day on which it is due.
CREATE FUNCTION borrow(book integer, member integer) RETURNS date
LANGUAGE plpgsql
AS $$
DECLARE
    due_on date := current_date + 28;
BEGIN
    IF EXISTS (SELECT FROM on_loan WHERE book_id = book) THEN
        RAISE EXCEPTION 'book % is out', book;
    END IF;
    INSERT INTO loans (book_id, member_id, due) VALUES (book, member, due_on);
    RETURN due_on;
END
$$;
