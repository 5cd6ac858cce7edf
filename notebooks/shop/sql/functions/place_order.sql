-- Orders one product at today's price and returns the new order's number.
CREATE FUNCTION place_order(customer integer, product integer, pieces integer) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    number integer;
BEGIN
    INSERT INTO orders (customer_id) VALUES (customer) RETURNING id INTO number;
    INSERT INTO order_lines (order_id, product_id, quantity, price)
    SELECT number, p.id, pieces, p.price FROM products p WHERE p.id = product;
    RETURN number;
END
$$;
