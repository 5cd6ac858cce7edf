"""Tables that hang together in every way, and statements that lock one of them and, perhaps, others: generated.

Views over tables, over views, in subqueries and CTEs, with ONLY and with no more than a name; partitions of two levels
with foreign keys from and to them; inheritance; materialized views; a rule that writes to another table.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from tests.risk.forms import ROLE, Form

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

SCHEMA = """
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE keys (id integer PRIMARY KEY, note text);
CREATE TABLE leaf (id integer PRIMARY KEY, key_id integer CONSTRAINT leaf_key REFERENCES keys, note text);
CREATE INDEX leaf_note ON leaf (note);
CREATE TRIGGER leaf_stamp BEFORE UPDATE ON leaf FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE part (id integer PRIMARY KEY, key_id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_high PARTITION OF part FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (id);
CREATE TABLE part_high_1 PARTITION OF part_high FOR VALUES FROM (10) TO (20);
CREATE TABLE part_rest PARTITION OF part DEFAULT;
ALTER TABLE part ADD CONSTRAINT part_key FOREIGN KEY (key_id) REFERENCES keys;
CREATE INDEX part_note ON part (note);
CREATE TRIGGER part_stamp AFTER INSERT ON part FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE plot (id integer, key_id integer CONSTRAINT plot_key REFERENCES keys, note text) PARTITION BY RANGE (id);
CREATE TRIGGER plot_stamp AFTER INSERT ON plot FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE plot_low PARTITION OF plot FOR VALUES FROM (0) TO (10);
CREATE TABLE plot_rest PARTITION OF plot DEFAULT;
CREATE TABLE pointer (id integer PRIMARY KEY, part_id integer CONSTRAINT pointer_part REFERENCES part, note text);
CREATE TABLE spare (id integer PRIMARY KEY, key_id integer, note text);
CREATE TABLE base (
  id integer PRIMARY KEY, note text CONSTRAINT base_note CHECK (note <> ''),
  CONSTRAINT base_alone CHECK (id > 0) NO INHERIT
);
CREATE TABLE heir (extra integer) INHERITS (base);
CREATE TABLE grandheir () INHERITS (heir);
CREATE TABLE bystander (id integer);
CREATE TABLE alone (id integer PRIMARY KEY, note text);
CREATE MATERIALIZED VIEW stored AS SELECT id, note FROM alone;
CREATE UNIQUE INDEX stored_key ON stored (id);
CREATE VIEW over_leaf AS SELECT id, note FROM leaf;
CREATE VIEW over_base AS SELECT id, note FROM base;
CREATE VIEW over_only AS SELECT id, note FROM ONLY base;
CREATE VIEW over_part AS SELECT id, note FROM part;
CREATE VIEW over_high AS SELECT id, note FROM part_high;
CREATE VIEW over_stored AS SELECT id, note FROM stored;
CREATE VIEW joined AS SELECT l.id, k.note FROM leaf l JOIN keys k ON k.id = l.key_id;
CREATE VIEW nested AS SELECT id, note FROM over_leaf;
CREATE VIEW twice AS SELECT n.id, b.note FROM nested n JOIN over_base b USING (id);
CREATE VIEW inside AS SELECT id, note FROM keys WHERE id IN (SELECT key_id FROM leaf WHERE EXISTS (SELECT FROM pointer));
CREATE VIEW with_cte AS WITH c AS (SELECT id, note FROM spare) SELECT id, note FROM c UNION ALL SELECT id, note FROM alone;
CREATE VIEW sampled AS SELECT id, note FROM leaf TABLESAMPLE system (50);
CREATE VIEW named AS SELECT 'alone'::regclass::oid::integer AS id, NULL::text AS note;
CREATE VIEW ruled AS SELECT id, note FROM spare;
CREATE RULE ruled_in AS ON INSERT TO ruled DO INSTEAD INSERT INTO alone VALUES (NEW.id, NEW.note);
CREATE VIEW nothing AS SELECT 1 AS id, 'x'::text AS note;
INSERT INTO keys SELECT n FROM generate_series(1, 3) n;
INSERT INTO leaf SELECT n, n FROM generate_series(1, 3) n;
INSERT INTO part SELECT n, 1 FROM generate_series(1, 15) n;
INSERT INTO pointer VALUES (1, 1);
REFRESH MATERIALIZED VIEW stored;
"""

_VIEWS = """
over_leaf over_base over_only over_part over_high over_stored joined nested twice inside with_cte sampled named ruled
nothing
"""
_TABLES = (
    "keys leaf part part_low part_high part_high_1 part_rest plot plot_low pointer spare base heir grandheir alone"
)
_WRITABLE = {"over_leaf", "over_base", "over_only", "over_part", "over_high", "nested", "ruled"}

_OF_VIEWS = f"""
LOCK TABLE $
LOCK TABLE ONLY $ IN SHARE MODE
LOCK TABLE $ IN SHARE ROW EXCLUSIVE MODE
SELECT * FROM $
SELECT count(*) FROM (SELECT id FROM $ FOR SHARE) s
DROP VIEW $ CASCADE
CREATE OR REPLACE VIEW $ AS SELECT 2 AS id, 'y'::text AS note
ALTER VIEW $ SET (security_barrier = true)
ALTER VIEW $ RENAME TO other
ALTER VIEW $ RENAME COLUMN note TO remark
ALTER VIEW $ OWNER TO {ROLE}
ALTER VIEW $ ALTER COLUMN note SET DEFAULT 'x'
COMMENT ON VIEW $ IS 'x'
GRANT SELECT ON $ TO {ROLE}
CREATE TRIGGER t INSTEAD OF UPDATE ON $ FOR EACH ROW EXECUTE FUNCTION stamp()
CREATE RULE r AS ON UPDATE TO $ DO INSTEAD NOTHING
CREATE MATERIALIZED VIEW fresh AS SELECT * FROM $
CREATE TABLE fresh AS SELECT * FROM $
CREATE VIEW fresh AS SELECT * FROM $
"""
_OF_WRITABLE_VIEWS = """
SELECT * FROM $ FOR UPDATE
INSERT INTO $ VALUES (25, 'x')
UPDATE $ SET note = 'x'
UPDATE $ SET note = 'x' WHERE id = 1
DELETE FROM $ WHERE id = 99
"""
_OF_TABLES = f"""
LOCK TABLE $
LOCK TABLE ONLY $ IN SHARE MODE
LOCK TABLE $ IN EXCLUSIVE MODE
TRUNCATE $
TRUNCATE ONLY $
TRUNCATE $ CASCADE
TRUNCATE $ RESTART IDENTITY CASCADE
DROP TABLE $
DROP TABLE $ CASCADE
DELETE FROM $ WHERE id = 99
UPDATE $ SET note = 'x' WHERE id = 1
SELECT * FROM $ FOR UPDATE
INSERT INTO $ (id) SELECT 15 WHERE false
ALTER TABLE $ ADD COLUMN added integer
ALTER TABLE $ ADD COLUMN added integer REFERENCES keys
ALTER TABLE $ DROP COLUMN note
ALTER TABLE $ DROP COLUMN note CASCADE
ALTER TABLE $ DROP COLUMN id CASCADE
ALTER TABLE $ ALTER COLUMN note TYPE varchar(100)
ALTER TABLE $ ALTER COLUMN id TYPE bigint
ALTER TABLE $ ALTER COLUMN note SET NOT NULL
ALTER TABLE $ ALTER COLUMN note SET DEFAULT 'x'
ALTER TABLE $ ADD CONSTRAINT c CHECK (id < 1000)
ALTER TABLE $ ADD CONSTRAINT c CHECK (id < 1000) NOT VALID
ALTER TABLE $ ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES alone NOT VALID
ALTER TABLE $ ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES part
ALTER TABLE $ ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES part_high_1
ALTER TABLE $ RENAME COLUMN note TO remark
ALTER TABLE $ RENAME TO other
ALTER TABLE $ OWNER TO {ROLE}
ALTER TABLE $ ENABLE ROW LEVEL SECURITY
ALTER TABLE $ DISABLE TRIGGER USER
ALTER TABLE $ DISABLE TRIGGER ALL
ALTER TABLE $ DROP CONSTRAINT $_pkey
ALTER TABLE $ DROP CONSTRAINT $_pkey CASCADE
ALTER TABLE $ REPLICA IDENTITY FULL
ALTER TABLE ONLY $ ADD COLUMN added integer
CREATE INDEX fresh ON $ (note)
CREATE UNIQUE INDEX fresh ON $ (id, note)
CREATE TRIGGER t BEFORE UPDATE ON $ FOR EACH ROW EXECUTE FUNCTION stamp()
CREATE TRIGGER t AFTER INSERT ON $ FOR EACH STATEMENT EXECUTE FUNCTION stamp()
CREATE RULE r AS ON DELETE TO $ DO ALSO SELECT 1
CREATE POLICY p ON $ USING (true)
CREATE TABLE fresh (id integer REFERENCES $)
CREATE TABLE fresh (LIKE $ INCLUDING ALL)
CREATE TABLE fresh () INHERITS ($)
CREATE VIEW fresh AS SELECT * FROM $
CREATE STATISTICS s ON id, note FROM $
CREATE PUBLICATION pub FOR TABLE $
CLUSTER $ USING $_pkey
ANALYZE $
REINDEX TABLE $
COMMENT ON TABLE $ IS 'x'
COMMENT ON COLUMN $.note IS 'x'
GRANT SELECT ON $ TO {ROLE}
"""
_OTHERS = """
ALTER TABLE part DETACH PARTITION part_low
ALTER TABLE part DETACH PARTITION part_high
ALTER TABLE part DETACH PARTITION part_rest
ALTER TABLE part_high DETACH PARTITION part_high_1
ALTER TABLE plot DETACH PARTITION plot_low
ALTER TABLE plot DETACH PARTITION plot_rest
ALTER TABLE plot ATTACH PARTITION spare FOR VALUES FROM (30) TO (40)
CREATE TABLE fresh PARTITION OF plot FOR VALUES FROM (30) TO (40)
ALTER TABLE plot DROP CONSTRAINT plot_key
ALTER TABLE plot RENAME CONSTRAINT plot_key TO other
ALTER TABLE base RENAME CONSTRAINT base_note TO other
ALTER TABLE base DROP CONSTRAINT base_note
ALTER TABLE base DROP CONSTRAINT base_alone
ALTER TABLE base RENAME CONSTRAINT base_alone TO other
ALTER TABLE part ATTACH PARTITION spare FOR VALUES FROM (30) TO (40)
ALTER TABLE part_high ATTACH PARTITION spare FOR VALUES FROM (20) TO (30)
CREATE TABLE fresh PARTITION OF part FOR VALUES FROM (30) TO (40)
CREATE TABLE fresh PARTITION OF part_high FOR VALUES FROM (20) TO (30)
CREATE TABLE fresh PARTITION OF part FOR VALUES FROM (30) TO (40) PARTITION BY RANGE (id)
ALTER TABLE part DROP CONSTRAINT part_key
ALTER TABLE leaf DROP CONSTRAINT leaf_key
ALTER TABLE pointer DROP CONSTRAINT pointer_part
ALTER TABLE pointer ALTER CONSTRAINT pointer_part DEFERRABLE
ALTER TABLE part ALTER CONSTRAINT part_key DEFERRABLE
ALTER TABLE part RENAME CONSTRAINT part_key TO other
ALTER TABLE alone INHERIT base
ALTER TABLE heir NO INHERIT base
ALTER TABLE grandheir NO INHERIT heir
DROP TRIGGER part_stamp ON part
ALTER TABLE part DISABLE TRIGGER part_stamp
ALTER TABLE part ENABLE ALWAYS TRIGGER part_stamp
ALTER TRIGGER part_stamp ON part RENAME TO other
DROP INDEX part_note
DROP INDEX leaf_note
DROP INDEX stored_key
ALTER INDEX part_note RENAME TO other
REINDEX INDEX part_note
REINDEX INDEX leaf_note
REFRESH MATERIALIZED VIEW stored
REFRESH MATERIALIZED VIEW stored WITH NO DATA
REFRESH MATERIALIZED VIEW CONCURRENTLY stored
DROP MATERIALIZED VIEW stored CASCADE
ALTER MATERIALIZED VIEW stored RENAME TO other
CREATE INDEX fresh ON stored (note)
DROP RULE ruled_in ON ruled
LOCK TABLE nested, base
LOCK TABLE base, nested IN SHARE MODE
DROP VIEW nested, twice
DROP TABLE pointer, part
DROP TABLE leaf, keys CASCADE
TRUNCATE part, pointer
TRUNCATE keys, leaf, part, pointer
"""


def on_the_same(randomness: random.Random, number: int) -> Iterator[list[str]]:
    """Yield pairs of statements about the same relation, the second one often LOCK TABLE."""
    for _ in range(number):
        name = randomness.choice([*_VIEWS.split(), *_TABLES.split()])
        templates = (_OF_VIEWS if name in _VIEWS.split() else _OF_TABLES).split("\n")[1:-1]
        second = randomness.choice((randomness.choice(templates), "LOCK TABLE $"))
        yield [one.replace("$", name) for one in (randomness.choice((*templates, *_REPLACED)), second)]


_REPLACED = (
    "CREATE OR REPLACE VIEW $ AS SELECT id, note FROM alone",
    "CREATE OR REPLACE VIEW $ AS SELECT id, note FROM over_base",
)


def _each(names: Iterable[str], statements: str) -> list[Form]:
    lines = [line for line in statements.splitlines() if line]
    return [Form(line.replace("$", name)) for name, line in product(names, lines)]


FORMS = (
    *_each(_VIEWS.split(), _OF_VIEWS),
    *_each([view for view in _VIEWS.split() if view in _WRITABLE], _OF_WRITABLE_VIEWS),
    *_each(_TABLES.split(), _OF_TABLES),
    *_each([""], _OTHERS),
)
"""Statements for a transaction; some of them fail, as the server does not let them."""
