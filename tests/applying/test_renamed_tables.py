"""What belongs to a table is dropped for one migration, and a later one gives the table another name (rule 6).

The ground truth is the same project applied one migration at a time.
"""

from __future__ import annotations

import pytest

from tests.oracle import differences, dump

NAMES = {"plain": "t", "quoted": '"T ON x.y "', "key word": '"select"'}
TRIGGER = (
    "CREATE TRIGGER {part} BEFORE UPDATE OF c ON {table} FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger();"
)
PARTS = {
    "policy": ("CREATE POLICY {part} ON {table} USING (c);", "COMMENT ON POLICY {part} ON {table} IS 'said'"),
    "trigger": (
        TRIGGER,
        "COMMENT ON TRIGGER {part} ON {table} IS 'said ON public.t '",
    ),
    "state of a trigger": (
        TRIGGER,
        "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {part}",
    ),
    "rule": (
        "CREATE RULE {part} AS ON UPDATE TO {table} WHERE new.c DO ALSO NOTHING;",
        "COMMENT ON RULE {part} ON {table} IS 'said'",
    ),
    "state of a rule": (
        "CREATE RULE {part} AS ON UPDATE TO {table} WHERE new.c DO ALSO NOTHING;",
        "ALTER TABLE {table} DISABLE RULE {part}",
    ),
}
MOVES = {
    "schema": ("ALTER TABLE {table} SET SCHEMA other;", "other.{name}"),
    "name": ("ALTER TABLE {table} RENAME TO renamed;", "public.renamed"),
    "both": ("ALTER TABLE {table} SET SCHEMA other;\nALTER TABLE other.{name} RENAME TO renamed;", "other.renamed"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("move", "is_early"), [("schema", True), ("name", False), ("both", False)])
@pytest.mark.parametrize("part", PARTS)
def test_its_comment_and_state_are_restored_under_the_new_name(project, other, part, move, name, is_early):
    table = f"public.{NAMES[name]}"
    statement, after = (text.format(table=table, name=NAMES[name]) for text in MOVES[move])
    create, said = PARTS[part]
    part_name = '"p ON q"' if name == "quoted" else "p"
    for one in (project, other):
        one.write("migrations/1.sql", f"CREATE SCHEMA other; CREATE TABLE {table} (id integer, c boolean);")
        one.write("sql/p.sql", create.format(part=part_name, table=table))
        one.apply()
        one.do(said.format(part=part_name, table=table))
    retype = {"migrations/3.sql": f"ALTER TABLE {table} ALTER COLUMN c TYPE boolean USING NOT c;"}
    if not is_early:
        retype = {"migrations/2.sql": "DO $$ BEGIN PERFORM 1; END $$;"} | retype
    moved = {"migrations/4.sql": statement, "sql/p.sql": create.format(part=part_name, table=after)}
    for files in (retype, moved):
        for path, text in files.items():
            other.write(path, text)
            project.write(path, text)
        other.apply()
    project.apply()
    assert differences(dump(other.dsn), dump(project.dsn)) == []
    project.settled()
