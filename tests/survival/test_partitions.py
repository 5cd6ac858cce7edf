"""Indexes, constraints and triggers of partitioned tables: what they have on each partition survives as well."""

from __future__ import annotations

import pytest

from tests.survival.catalog_rows import catalog_rows, differences

TABLES = """
CREATE TABLE p (id integer NOT NULL, a integer, b integer) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a);
CREATE TABLE "P 2a" PARTITION OF p2 FOR VALUES FROM (0) TO (10);
CREATE TABLE p3 (b integer, id integer NOT NULL, a integer);
ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30);
"""
WEIGHT = "CREATE FUNCTION weight({} integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'"
INDEX = "CREATE INDEX heavy ON p (weight(a))"


@pytest.fixture
def parted(project):
    project.write("migrations/001.sql", TABLES)
    project.write("sql/weight.sql", WEIGHT.format("v"))
    project.apply()
    return project


def _recreate(project) -> None:
    project.write("sql/weight.sql", WEIGHT.format("val"))
    project.apply()


def _rows(project):
    return catalog_rows(project.dsn, "pgmg_", "function public.weight")


def _children(project, parent: str) -> list[tuple]:
    return project.rows(
        "SELECT c.relname, i.indrelid::regclass::text, c.reloptions::text, i.indisvalid FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid"
        " JOIN pg_index i ON i.indexrelid = c.oid WHERE h.inhparent = %s::regclass ORDER BY 2",
        parent,
    )


BY_HAND = {
    "as the server names them": [INDEX],
    "an index of its own": [
        "CREATE INDEX ON p2 (weight(a))",
        'CREATE INDEX "Own 2a" ON "P 2a" (weight(a)) WITH (fillfactor = 50)',
        "CREATE INDEX zz ON p3 (weight(a)) WITH (deduplicate_items = off)",
        INDEX,
    ],
    "attached": [
        "CREATE INDEX heavy ON ONLY p (weight(a))",
        "CREATE INDEX own1 ON p1 (weight(a))",
        "CREATE INDEX own2 ON ONLY p2 (weight(a))",
        'CREATE INDEX own2a ON "P 2a" (weight(a))',
        "CREATE INDEX own3 ON p3 (weight(a))",
        *(
            f"ALTER INDEX {a} ATTACH PARTITION {b}"
            for a, b in [("own2", "own2a"), ("heavy", "own1"), ("heavy", "own2"), ("heavy", "own3")]
        ),
    ],
    "incomplete": [
        "CREATE INDEX heavy ON ONLY p (weight(a))",
        "CREATE INDEX own1 ON p1 (weight(a))",
        "CREATE INDEX own2 ON ONLY p2 (weight(a))",
        "ALTER INDEX heavy ATTACH PARTITION own1",
    ],
    "beside a twin": [
        "CREATE INDEX aa ON p1 (weight(a))",
        "CREATE INDEX zz ON p1 (weight(a))",
        "CREATE INDEX heavy ON ONLY p (weight(a))",
        "CREATE INDEX own2 ON p2 (weight(a))",
        "CREATE INDEX own3 ON p3 (weight(a))",
        *(f"ALTER INDEX heavy ATTACH PARTITION {b}" for b in ("zz", "own2", "own3")),
    ],
}


@pytest.mark.parametrize("by_hand", BY_HAND.values(), ids=BY_HAND)
def test_an_unmanaged_index_keeps_its_partitions_indexes(parted, by_hand):
    parted.do(*by_hand)
    before = _rows(parted)
    identity = parted.value("SELECT 'heavy'::regclass::oid")
    _recreate(parted)
    assert parted.value("SELECT 'heavy'::regclass::oid") != identity
    assert differences(before, _rows(parted)) == []


@pytest.mark.parametrize(
    "edit",
    [("(weight(a))", "(weight(a), b)"), ("INDEX heavy", "UNIQUE INDEX heavy"), ("(weight(a))", "(b DESC) INCLUDE (a)")],
)
def test_the_index_of_a_source_keeps_names_and_options_of_partitions_when_it_is_edited(parted, edit):
    source = "CREATE INDEX heavy ON p (weight(a)) -- weighed"
    if "UNIQUE" in edit[1]:
        source = source.replace("(weight(a))", "(id, a, weight(a))")
    parted.write("sql/heavy.sql", source)
    parted.apply()
    parted.do(
        'ALTER INDEX p1_weight_idx RENAME TO "First\'s"'
        if "UNIQUE" not in edit[1]
        else 'ALTER INDEX p1_id_a_weight_idx RENAME TO "First\'s"',
        'ALTER INDEX "First\'s" SET (fillfactor = 44)',
        "COMMENT ON INDEX \"First's\" IS 'mine'",
        'ALTER TABLE p1 CLUSTER ON "First\'s"',
    )
    before = [row[:2] for row in _children(parted, "heavy")]
    parted.write("sql/heavy.sql", source.replace(*edit))
    parted.apply()
    assert [row[:2] for row in _children(parted, "heavy")] == before
    assert ("First's", "p1", "{fillfactor=44}", True) in _children(parted, "heavy")
    assert parted.value("SELECT obj_description('\"First''s\"'::regclass)") == "mine"
    assert parted.value("SELECT indisclustered FROM pg_index WHERE indexrelid = '\"First''s\"'::regclass")
    assert parted.value(
        "SELECT bool_and(indisvalid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid AND c.relkind IN ('i', 'I')"
    )
    parted.settled()


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "by hand"])
@pytest.mark.parametrize(
    ("migration", "left"),
    [
        ("DROP TABLE p1", [("own2", "p2"), ("own3", "p3")]),
        ("DROP TABLE p2", [("own1", "p1"), ("own3", "p3")]),
        ("ALTER TABLE p DETACH PARTITION p1", [("own2", "p2"), ("own3", "p3")]),
        (
            "CREATE TABLE p4 PARTITION OF p FOR VALUES FROM (30) TO (40)",
            [("own1", "p1"), ("own2", "p2"), ("own3", "p3"), ("p4_weight_idx", "p4")],
        ),
        ("ALTER TABLE p DROP COLUMN b", [("own1", "p1"), ("own2", "p2"), ("own3", "p3")]),
    ],
)
def test_partitions_that_a_migration_drops_adds_detaches_or_renames(parted, declared, migration, left):
    if declared:
        parted.write("sql/heavy.sql", INDEX)
        parted.apply()
        parted.do(
            *(
                f"ALTER INDEX {old} RENAME TO {new}"
                for old, new in [("p1_weight_idx", "own1"), ("p2_weight_idx", "own2"), ("p3_weight_idx", "own3")]
            )
        )
    else:
        parted.do(*(f"CREATE INDEX own{n} ON p{n} (weight(a))" for n in (1, 2, 3)), INDEX)
    # the function goes in the migration's own time
    parted.write("migrations/002.sql", f"{migration}; DROP FUNCTION weight(integer); {WEIGHT.format('val')};")
    parted.write("sql/weight.sql", WEIGHT.format("val"))
    parted.apply()
    assert [row[:2] for row in _children(parted, "heavy")] == left
    parted.settled()


def test_a_partition_is_renamed_before_its_index_is_recreated(parted):
    """The index is dropped after that, and read right before."""
    parted.do("CREATE INDEX own1 ON p1 (weight(a))", INDEX)
    parted.write(
        "migrations/002.sql", f"ALTER TABLE p1 RENAME TO first; DROP FUNCTION weight(integer); {WEIGHT.format('val')};"
    )
    parted.write("sql/weight.sql", WEIGHT.format("val"))
    parted.apply()
    assert ("own1", "first", None, True) in _children(parted, "heavy")


def test_the_index_of_a_source_keeps_its_name_on_a_partition_that_is_renamed_before(parted):
    parted.write("sql/heavy.sql", INDEX)
    parted.apply()
    parted.do("ALTER INDEX p1_weight_idx RENAME TO own1")
    parted.write(
        "migrations/002.sql", f"ALTER TABLE p1 RENAME TO first; DROP FUNCTION weight(integer); {WEIGHT.format('val')};"
    )
    parted.write("sql/weight.sql", WEIGHT.format("val"))
    parted.apply()
    assert ("own1", "first", None, True) in _children(parted, "heavy")
    parted.settled()


def test_constraints_keep_their_names_on_partitions(parted):
    parted.do(
        "CREATE TABLE t (a integer)",
        "CREATE OPERATOR CLASS own_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)",
        "CREATE UNIQUE INDEX t_a ON t (a own_ops)",
        "ALTER TABLE p1 ADD CONSTRAINT own FOREIGN KEY (b) REFERENCES t (a)",
        "ALTER TABLE p ADD CONSTRAINT to_t FOREIGN KEY (b) REFERENCES t (a) ON DELETE SET NULL",
        "ALTER TABLE p ADD CONSTRAINT checked CHECK (weight(a) > 0)",
        "COMMENT ON CONSTRAINT to_t ON p2 IS 'of p2'",
        "COMMENT ON CONSTRAINT checked ON \"P 2a\" IS 'of p2a'",
    )
    before = _rows(parted)
    parted.write(
        "migrations/002.sql",
        "DROP OPERATOR CLASS own_ops USING btree; CREATE OPERATOR CLASS own_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)",
    )
    _recreate(parted)
    assert differences(before, _rows(parted)) == []


@pytest.mark.pg("<= 14")
def test_a_triggers_clone_of_another_name_keeps_it(parted):
    """Since PostgreSQL 15 the server refuses to rename one."""
    parted.do(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "CREATE TRIGGER stamped AFTER INSERT ON p FOR EACH ROW WHEN (weight(new.a) > 0) EXECUTE FUNCTION stamp()",
        "ALTER TRIGGER stamped ON p1 RENAME TO first",
        "ALTER TABLE p1 DISABLE TRIGGER first",
    )
    before = _rows(parted)
    _recreate(parted)
    assert differences(before, _rows(parted)) == []
