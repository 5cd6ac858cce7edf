CREATE TYPE kind AS ENUM ('a', 'b');
CREATE DOMAIN some_kind AS kind NOT NULL;
CREATE DOMAIN other_kind AS some_kind CHECK (VALUE::text <> 'c');
