"""Migrations that change what the code folder declares: privileges, owners, comments, options, states, names.

Each function takes a world and changes it, as those of `edits` do. Statements are of two kinds. A *named* one names a
declared object, which therefore keeps its identity from then on. A *broad* one is about all objects that exist when it
runs (`ON ALL TABLES`, default privileges, `REASSIGN OWNED`). A plan takes the code folder as it is now for what every
pending migration found, so a history with broad statements declares no new object: when it came is not to be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.property import edits
from tests.property.edits import (
    _has_attached,
    _migration,
    _pin,
    _place,
    add_column,
    drop_column,
    rename_column,
    retype_column,
)
from tests.property.world import (
    BOSS,
    READER,
    USER_TYPES,
    Chooser,
    Column,
    Declared,
    Function,
    Policy,
    Table,
    Trigger,
    View,
    World,
    chance,
    pick,
)


@dataclass
class Said:
    """Objects, columns and comments that migrations of a history have named: later edits leave them as they are.

    `objects` are the identities of declared objects, `columns` the columns of views, `comments` what has a comment.
    """

    objects: dict[int, str] = field(default_factory=dict)
    columns: set[tuple[int, str]] = field(default_factory=set)
    comments: set[int] = field(default_factory=set)

    def holds(self, world: World, base: World) -> bool:
        """Tell whether a world still has everything that was named, of the kind that it had when the history began."""
        return (
            all(id_ in world.objects and world.identity(id_) == known for id_, known in self.objects.items())
            and all(base.identity(id_) == known for id_, known in self.objects.items() if id_ in base.objects)
            and all(column in world.columns(id_) for id_, column in self.columns)
            and all(self._unsaid(world.objects[id_]) for id_ in self.comments)
        )

    @staticmethod
    def _unsaid(declared: Declared) -> bool:
        return declared.comment is None


Edit = Callable[[World, Chooser, Said, World], str | None]
"""`(world, choose, said, base)`: `base` is the world that the history began with."""


def _name(world: World, said: Said, id_: int) -> None:
    said.objects[id_] = world.identity(id_)
    world.pinned.add(id_)
    found = world.objects[id_]
    if isinstance(found, Function) and isinstance(found.second, int):
        _pin(world, found.second)


def _one(world: World, choose: Chooser, *types: type) -> Declared | None:
    found = world.of(*types)
    return pick(choose, found) if found else None


def _privilege(declared: Declared, choose: Chooser) -> str:
    match declared:
        case View():
            return pick(choose, ("SELECT", "INSERT", "UPDATE"))
        case Function():
            return "EXECUTE"
        case _:
            return "USAGE"


def _known_column(world: World, base: World, choose: Chooser, view: View) -> str | None:
    """Return a column that the view has now and had when the history began."""
    if view.id not in base.objects or not isinstance(base.objects[view.id], View):
        return None
    columns = [c for c in world.columns(view.id) if c in base.columns(view.id)]
    return pick(choose, columns) if columns else None


# --- named


def grant_or_revoke(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Grant or revoke on one object, directly, in a DO block or through a function that the migration calls."""
    declared = _one(world, choose, View, Function, *USER_TYPES)
    if declared is None:
        return None
    privilege, column = _privilege(declared, choose), None
    if isinstance(declared, View) and chance(choose, 3):
        column = _known_column(world, base, choose, declared)
        if column:
            said.columns.add((declared.id, column))
    _name(world, said, declared.id)
    on = f"{privilege}{f' ({column})' if column else ''} ON {world.privileged(declared.id)}"
    if chance(choose, 3):
        statement = f"REVOKE {on} FROM {READER} CASCADE"
    else:
        statement = f"GRANT {on} TO {READER}{' WITH GRANT OPTION' if chance(choose, 4) else ''}"
    if not chance(choose, 4):
        return _migration(world, choose, "grant", statement)
    name = f"x{world.next()}"
    quoted = statement.replace("'", "''")
    return _migration(
        world,
        choose,
        "grant",
        f"CREATE FUNCTION {name}() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN EXECUTE '{quoted}'; END $x$",
        f"SELECT {name}()",
        f"DROP FUNCTION {name}()",
        seen=True,
    )


def own(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Give one object to another owner."""
    declared = _one(world, choose, View, Function, *USER_TYPES)
    if declared is None:
        return None
    _name(world, said, declared.id)
    return _migration(world, choose, "own", f"ALTER {world.target(declared.id)} OWNER TO {BOSS}")


def comment(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Comment on an object about which the code says nothing, now or later."""
    declared = _one(world, choose, View, Function, Trigger, Policy, *USER_TYPES)
    if declared is None or declared.comment is not None:
        return None
    before = base.objects.get(declared.id)
    if before is not None and before.comment is not None:
        return None
    _name(world, said, declared.id)
    said.comments.add(declared.id)
    return _migration(world, choose, "comment", f"COMMENT ON {world.target(declared.id)} IS 'told {world.next()}'")


def view_default(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Give a column of a view a default."""
    view = _one(world, choose, View)
    if not isinstance(view, View) or view.materialized:
        return None
    column = _known_column(world, base, choose, view)
    if column is None or base.objects[view.id].materialized:
        return None
    said.columns.add((view.id, column))
    _name(world, said, view.id)
    return _migration(world, choose, "default", f"ALTER VIEW {view.spelled} ALTER COLUMN {column} SET DEFAULT NULL")


def alter_function(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Alter a declared function: its source is the final form all the same (rule 7.4)."""
    function = _one(world, choose, Function)
    if function is None:
        return None
    _name(world, said, function.id)
    how = pick(choose, ("COST 7", "STABLE", "SECURITY DEFINER", "SET work_mem = '8MB'"))
    return _migration(world, choose, "alter", f"ALTER {world.target(function.id)} {how}")


def alter_policy(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Alter a declared policy: its source is the final form all the same (rule 7.4)."""
    policy = _one(world, choose, Policy)
    if not isinstance(policy, Policy):
        return None
    _name(world, said, policy.id)
    how = pick(choose, (f"TO {READER}", "USING (true)"))
    return _migration(world, choose, "alter", f"ALTER POLICY {policy.name} ON {world.name(policy.on)} {how}")


def trigger_state(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Disable a declared trigger of a table, or enable it for replicas only."""
    trigger = _one(world, choose, Trigger)
    if not isinstance(trigger, Trigger) or trigger.on not in world.tables:
        return None
    _name(world, said, trigger.id)
    state = pick(choose, ("DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS", "ENABLE"))
    return _migration(world, choose, "state", f"ALTER TABLE {world.name(trigger.on)} {state} TRIGGER {trigger.name}")


# --- tables, constraints, rows


def use_over_own_table(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a table and read a declared function over its rows, in one migration."""
    scalars = [o for o in world.of(Function) if o.form == "scalar" and not o.reads and not o.calls]
    if not scalars:
        return None
    function = pick(choose, scalars)
    _name(world, said, function.id)
    name = f"n{world.next()}"
    if chance(choose, 2):
        schema = f"s{world.next()}"
        made, name = [f"CREATE SCHEMA {schema}"], f"{schema}.{name}"
    else:
        made = []
    return _migration(
        world,
        choose,
        "use",
        *made,
        f"CREATE TABLE {name} (x text, y text)",
        f"INSERT INTO {name} (x) VALUES ('a'), ('b')",
        f"UPDATE {name} SET y = left({world.full(function.id)}(x)::text, 0)",
    )


def replace_check(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Give a table a check over a declared function, and replace it by another of the same name."""
    pure = [o for o in world.of(Function) if o.form == "scalar" and not o.reads and not o.calls]
    if not pure:
        return None
    function = pick(choose, pure)
    _name(world, said, function.id)
    world.hanging.add(function.id)
    _pin(world, function.id, function.second or "")
    table, name = pick(choose, list(world.tables.values())), f"k{world.next()}"
    call = f"{function.spelled}('x'::text)"
    _migration(world, choose, "check", f"ALTER TABLE {table.spelled} ADD CONSTRAINT {name} CHECK ({call} IS NOT NULL)")
    return _migration(
        world,
        choose,
        "check",
        f"ALTER TABLE {table.spelled} DROP CONSTRAINT {name}",
        f"ALTER TABLE {table.spelled} ADD CONSTRAINT {name} CHECK ({call} IS NOT NULL OR id > 0)",
    )


def deferred_rows(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Insert rows that meet a deferred constraint only later, and alter the table in the next migration."""
    name = f"n{world.next()}"
    _migration(
        world,
        choose,
        "deferred",
        f"CREATE TABLE {name} (id int PRIMARY KEY, up int REFERENCES {name} DEFERRABLE INITIALLY DEFERRED)",
        f"INSERT INTO {name} VALUES (2, 1)",
        f"INSERT INTO {name} VALUES (1, NULL)",
    )
    return _migration(world, choose, "deferred", f"ALTER TABLE {name} ADD COLUMN more text")


def drop_column_with_all(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Drop a column with CASCADE in dynamic SQL, which takes declared views along."""
    found = [(t, c) for t in world.tables.values() for c in t.columns[1:] if not c.held]
    if not found:
        return None
    table, column = pick(choose, found)
    shown = {c for done in world.hand if done.on == table.id for c in (done.column, *(c for c, _ in done.columns))}
    if column.name in shown or _has_attached(world, table):
        return None
    table.columns.remove(column)
    return _unread(world, "cascade", f"ALTER TABLE {table.spelled} DROP COLUMN {column.name} CASCADE")


def _unread(world: World, verb: str, *statements: str) -> str:
    """Write a migration whose statements pgmg cannot read."""
    number = len(world.migrations) + 1
    body = " ".join(f"EXECUTE '{statement}';" for statement in statements)
    world.migrations.append((f"{number}_{verb}.sql", f"DO $$ BEGIN {body} END $$;\n"))
    return f"{number}_{verb}"


def swap_tables(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Swap the names of two tables."""
    if len(world.tables) < 2:
        return None
    one, other = list(world.tables.values())[:2]
    if _has_attached(world, one) or _has_attached(world, other):
        return None
    statements: list[str] = []
    places = [(one.schema, one.name), (other.schema, other.name)]
    for table, (schema, name) in ((one, (one.schema, f"t{world.next()}")), (other, places[0]), (one, places[1])):
        if table.schema != schema:
            statements.append(f"ALTER TABLE {table.spelled} SET SCHEMA {schema or 'public'}")
            table.schema = schema
        statements.append(f"ALTER TABLE {table.spelled} RENAME TO {name}")
        table.name = name
    return _migration(world, choose, "swap", *statements, seen=True)


def view_becomes_table(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Delete a declared view that nothing else uses, and create a table of its name in a migration."""
    free = [v for v in world.of(View) if v.id not in world.pinned and v.id in base.objects and not _used(world, v.id)]
    if not free:
        return None
    view = pick(choose, free)
    if any(done.on == view.id for done in world.hand):
        return None
    del world.objects[view.id]
    return _migration(world, choose, "replace", f"CREATE TABLE {view.spelled} (id bigint)", seen=True)


def _used(world: World, id_: int) -> bool:
    for other in world.objects.values():
        match other:
            case View(base=base, items=items):
                if base == id_ or any(item.other == id_ for item in items):
                    return True
            case Function(reads=reads):
                if reads == id_:
                    return True
            case Trigger(on=on) | Policy(on=on):
                if on == id_:
                    return True
    return False


# --- what no text tells, and what stands beside tables


def dynamic_view(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a view that no file declares over a declared one, in a DO block."""
    view = _one(world, choose, View)
    column = isinstance(view, View) and _known_column(world, base, choose, view)
    if not column:
        return None
    said.columns.add((view.id, column))
    _name(world, said, view.id)
    name = f"{pick(choose, world.schemas) or 'public'}.u{world.next()}"
    statements = [f"CREATE VIEW {name} AS SELECT {column} AS u{world.next()} FROM {view.spelled}"]
    if chance(choose, 2):
        statements.append(f"GRANT SELECT ON {name} TO {READER}")
    return _unread(world, "dynamic", *statements)


def unmanaged_trigger(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a trigger that no file declares with a declared function."""
    functions = [o for o in world.of(Function) if o.form == "trigger"]
    if not functions:
        return None
    function, table = pick(choose, functions), pick(choose, list(world.tables.values()))
    _name(world, said, function.id)
    trigger = f"w{world.next()}"
    when = f"BEFORE UPDATE ON {table.spelled} FOR EACH ROW WHEN (NEW.id > 0)"
    statements = [f"CREATE TRIGGER {trigger} {when} EXECUTE FUNCTION {function.spelled}()"]
    if chance(choose, 2):
        statements.append(f"COMMENT ON TRIGGER {trigger} ON {table.spelled} IS 'told {world.next()}'")
    if chance(choose, 2):
        statements.append(f"ALTER TABLE {table.spelled} DISABLE TRIGGER {trigger}")
    return _migration(world, choose, "trigger", *statements)


def unmanaged_rule(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a rule on a table that calls a declared function."""
    pure = [o for o in world.of(Function) if o.form == "scalar" and not o.reads and not o.calls]
    if not pure:
        return None
    function, table = pick(choose, pure), pick(choose, list(world.tables.values()))
    _name(world, said, function.id)
    _pin(world, function.id, function.second or "")
    world.hanging.add(function.id)
    rule = f"r{world.next()}"
    statement = f"CREATE RULE {rule} AS ON UPDATE TO {table.spelled} DO ALSO SELECT {function.spelled}('x'::text)"
    return _migration(world, choose, "rule", statement, f"COMMENT ON RULE {rule} ON {table.spelled} IS 'told'")


def statistics(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create extended statistics on a table; they go with a column of theirs."""
    table = pick(choose, list(world.tables.values()))
    plain = [c for c in table.columns[1:] if isinstance(c.type, str)]
    if not plain:
        return None
    name = f"st{world.next()}"
    return _migration(
        world,
        choose,
        "statistics",
        f"CREATE STATISTICS {name} ON id, {pick(choose, plain).name} FROM {table.spelled}",
        f"ALTER STATISTICS {name} SET STATISTICS 7",
    )


def publication(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Publish a table."""
    table = pick(choose, list(world.tables.values()))
    return _migration(world, choose, "publish", f"CREATE PUBLICATION pub{world.next()} FOR TABLE {table.spelled}")


def serial_column(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Add a serial column, whose sequence somebody may read."""
    table, column = pick(choose, list(world.tables.values())), Column(f"c{world.next()}", "bigint")
    table.columns.append(column)
    sequence = f"{table.spelled}_{column.name}_seq"
    return _migration(
        world,
        choose,
        "serial",
        f"ALTER TABLE {table.spelled} ADD COLUMN {column.name} bigserial",
        f"ALTER TABLE {table.spelled} ALTER COLUMN {column.name} DROP NOT NULL",
        f"GRANT USAGE ON SEQUENCE {sequence} TO {READER}",
    )


def migrated_enum(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a type and a table of it, add a value to it, and insert that value: this takes several transactions."""
    name, id_ = f"x{world.next()}", world.next()
    name = f"{pick(choose, world.schemas) or 'public'}.{name}"
    place = dict(zip(("name", "schema"), _place(world, choose, f"t{id_}", Table), strict=True))
    table = Table(id_, columns=[Column("id", "bigint"), Column(f"c{world.next()}", name)], **place)
    world.tables[id_] = table
    _migration(
        world,
        choose,
        "enum",
        f"CREATE TYPE {name} AS ENUM ('a')",
        f"CREATE TABLE {table.spelled} (id bigint PRIMARY KEY, {table.columns[1].name} {name})",
        f"INSERT INTO {table.spelled} VALUES (1, 'a')",
    )
    _migration(world, choose, "value", f"ALTER TYPE {name} ADD VALUE 'b'", seen=True)
    return _migration(world, choose, "insert", f"INSERT INTO {table.spelled} VALUES (2, 'b')")


def partitioned_table(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a partitioned table with two partitions."""
    id_ = world.next()
    place = dict(zip(("name", "schema"), _place(world, choose, f"t{id_}", Table), strict=True))
    columns = [Column("id", "bigint"), Column(f"c{world.next()}", "text")]
    table = Table(id_, columns=columns, partitioned=True, **place)
    world.tables[id_] = table
    return _migration(
        world,
        choose,
        "partitions",
        f"CREATE TABLE {table.spelled} (id bigint PRIMARY KEY, {table.columns[1].name} text) PARTITION BY RANGE (id)",
        f"CREATE TABLE {table.spelled}_low PARTITION OF {table.spelled} FOR VALUES FROM (MINVALUE) TO (2)",
        f"CREATE TABLE {table.spelled}_rest PARTITION OF {table.spelled} DEFAULT",
        f"INSERT INTO {table.spelled} (id) VALUES (1), (2)",
    )


def move_table(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Move a table to the other schema, which comes to be at the latest now."""
    return edits.create_schema(world, choose) or edits.move_table(world, choose)


def move_unmanaged_view(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Create a view that no file declares, move it to the other schema, and change what it shows."""
    edits.create_schema(world, choose)
    if not world.made or chance(choose, 2):
        edits.make_view(world, choose)
    told = edits.move_view(world, choose)
    if told and chance(choose, 2):
        retype_column(world, choose)
    return told


def foreign_key(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Let one table refer to another one, which is not dropped from then on."""
    if len(world.tables) < 2:
        return None
    one, other = list(world.tables.values())[:2]
    world.pinned.add(other.id)
    return _migration(
        world,
        choose,
        "refer",
        f"ALTER TABLE {one.spelled} ADD CONSTRAINT k{world.next()} FOREIGN KEY (id) REFERENCES {other.spelled}",
    )


def outside_transaction(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Change a table in a migration whose statements commit one by one, and build an index concurrently."""
    count = len(world.migrations)
    done = pick(choose, (add_column, drop_column, retype_column, rename_column))(world, choose)
    plain = [table for table in world.tables.values() if not table.partitioned]
    if done is None or not plain:
        return None
    name, text = world.migrations[count]
    table = pick(choose, plain)
    index = f"CREATE INDEX CONCURRENTLY i{world.next()} ON {table.spelled} ({pick(choose, table.columns).name});\n"
    text = (
        f"{index}{text}"
        if chance(choose, 2) and "RENAME" not in text and "ADD COLUMN" not in text
        else f"{text}{index}"
    )
    world.migrations[count] = (name, f"-- pgmg: no-transaction\n{text}")
    return f"{done} outside"


# --- broad


def grant_on_all(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Grant or revoke on all tables or functions in a schema."""
    what = pick(choose, ("SELECT ON ALL TABLES", "INSERT ON ALL TABLES", "EXECUTE ON ALL FUNCTIONS"))
    schema = pick(choose, world.schemas) or "public"
    grants = not chance(choose, 3)
    if grants:
        return _migration(world, choose, "all", f"GRANT {what} IN SCHEMA {schema} TO {READER}")
    return _migration(world, choose, "all", f"REVOKE {what} IN SCHEMA {schema} FROM {READER} CASCADE")


def default_privileges(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Change the default privileges of what is created from then on."""
    schema = pick(choose, world.schemas) or "public"
    what = pick(
        choose,
        (
            f"IN SCHEMA {schema} GRANT SELECT ON TABLES TO {READER}",
            f"GRANT INSERT ON TABLES TO {READER}",
            f"IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {READER}",
            "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            f"GRANT USAGE ON TYPES TO {READER}",
        ),
    )
    return _migration(world, choose, "defaults", f"ALTER DEFAULT PRIVILEGES {what}")


def reassign(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Give all that one role owns to another."""
    return _migration(world, choose, "reassign", f"REASSIGN OWNED BY {BOSS} TO CURRENT_USER")


def trigger_states(world: World, choose: Chooser, said: Said, base: World) -> str | None:
    """Disable or enable all triggers of a table."""
    table = pick(choose, list(world.tables.values()))
    state = pick(choose, ("DISABLE", "ENABLE"))
    return _migration(world, choose, "states", f"ALTER TABLE {table.spelled} {state} TRIGGER USER")


NAMED: tuple[Edit, ...] = (
    grant_or_revoke,
    grant_or_revoke,
    own,
    comment,
    view_default,
    alter_function,
    alter_policy,
    trigger_state,
    use_over_own_table,
    replace_check,
    deferred_rows,
    drop_column_with_all,
    swap_tables,
    view_becomes_table,
    dynamic_view,
    unmanaged_trigger,
    unmanaged_rule,
    statistics,
    publication,
    serial_column,
    migrated_enum,
    partitioned_table,
    move_table,
    move_table,
    move_unmanaged_view,
    move_unmanaged_view,
    foreign_key,
    outside_transaction,
    outside_transaction,
)
BROAD: tuple[Edit, ...] = (grant_on_all, grant_on_all, default_privileges, reassign, trigger_states)


def keeps_identities(old: World, new: World) -> bool:
    """Tell whether no declared object came, or took another identity: what a broad statement needs."""
    return all(id_ in old.objects and new.identity(id_) == old.identity(id_) for id_ in new.objects)
