"""Objects with types of every spelling are applied once, changed, and dropped (rules 3, 10)."""

from __future__ import annotations

import os
import random

import psycopg
import pytest

from tests.catalog.identities import Maker, create_types
from tests.conftest import Case

COUNT = int(os.environ.get("PGMG_IDENTITIES", "600")) // 4


def _attachments(one, maker, number):
    """Comments and grants that spell the types of an object in another way than the statement that creates it."""
    kind = one.statement.split(" ", 2)[1]
    plain = [next(w for w in type_.ways if "%" not in w) for type_ in one.types]
    if kind == "CAST":
        return [f"COMMENT ON CAST ({plain[0]} AS {plain[1]}) IS '{number}'"]
    if kind == "OPERATOR":
        return [
            f"COMMENT ON OPERATOR {one.name} ({', '.join(plain if len(plain) == 2 else ['NONE', *plain])}) IS '{number}'"
        ]
    listed = ", ".join(maker.way(type_) for type_ in one.types)
    everything = "*" if kind == "AGGREGATE" and not listed else listed
    word = "FUNCTION" if kind == "AGGREGATE" else kind
    return [
        f"COMMENT ON {kind} {one.name}({everything}) IS '{number}'",
        f"REVOKE ALL ON {word} {one.name}({listed}) FROM PUBLIC",
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_spelling_is_one_object(server, database, tmp_path):
    chance = random.Random(COUNT)
    elsewhere = server.create()
    with psycopg.connect(elsewhere, autocommit=True, cursor_factory=psycopg.RawCursor) as conn:
        types = create_types(conn, chance)
        maker = Maker(conn, chance)
        made = list(maker.make(COUNT))
    server.drop(elsewhere)
    case = Case(tmp_path, database)
    case.write("migrations/001.sql", ";\n".join([*types, *maker.table]) + ";")
    for number, one in enumerate(made):
        statements = [*one.before, one.statement, *_attachments(one, maker, number)]
        case.write(f"sql/{number}.sql", ";\n".join(statements) + ";")
    case.apply()
    case.settled()
    described = "SELECT count(*) FROM pg_description WHERE description ~ '^[0-9]+$' AND classoid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass) AND objoid >= 16384"
    assert case.value(described) == COUNT
    for number in range(COUNT):
        case.remove(f"sql/{number}.sql")
    with case.open() as project:
        project.apply(yes=True)
    case.settled()
    for catalog, column in (("pg_proc", "pronamespace"), ("pg_operator", "oprnamespace")):
        left = f"SELECT count(*) FROM {catalog} WHERE oid >= 16384 AND {column} <> 'pg_catalog'::regnamespace"
        assert case.value(left) == case.value(f"{left} AND oid IN (SELECT objid FROM pg_depend WHERE deptype = 'i')")
    assert (
        case.value(
            "SELECT count(*) FROM pg_cast k WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = k.oid AND deptype = 'i')"
        )
        == 0
    )
