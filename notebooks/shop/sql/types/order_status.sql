CREATE TYPE order_status AS ENUM ('open', 'paid', 'shipped', 'cancelled');
