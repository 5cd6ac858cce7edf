CREATE TYPE kind AS ENUM ('b', 'a');
CREATE DOMAIN some_kind AS kind NOT NULL;
CREATE DOMAIN other_kind AS some_kind CHECK (VALUE::text <> 'c');
