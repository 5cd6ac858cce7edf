INSERT INTO customers (id, name, city) VALUES
    (1, 'Amara',  'Lagos'),
    (2, 'Bruno',  'Porto'),
    (3, 'Chiyo',  'Kyoto'),
    (4, 'Dagny',  'Oslo');

INSERT INTO products (id, name, price) VALUES
    (1, 'Teapot',      3490),
    (2, 'Cup',          890),
    (3, 'Kettle',      5900),
    (4, 'Green tea',    650),
    (5, 'Black tea',    540);

INSERT INTO orders (id, customer_id, placed, status) VALUES
    (1, 1, '2026-01-12', 'shipped'),
    (2, 2, '2026-01-28', 'shipped'),
    (3, 1, '2026-02-03', 'paid'),
    (4, 3, '2026-02-17', 'cancelled'),
    (5, 4, '2026-03-02', 'paid'),
    (6, 3, '2026-03-09', 'open'),
    (7, 2, '2026-03-30', 'cancelled');

INSERT INTO order_lines (order_id, product_id, quantity, price) VALUES
    (1, 1, 1, 3490), (1, 2, 4,  890),
    (2, 4, 3,  650),
    (3, 3, 1, 5900), (3, 5, 2,  540),
    (4, 3, 2, 5900),
    (5, 2, 6,  790), (5, 4, 1,  650),
    (6, 1, 1, 3490),
    (7, 5, 5,  540);
