CREATE TABLE orders (id bigint, owner text, closed boolean);
