"""The random edits: each takes a world and changes it, and says in a word what it did (None: it could not)."""

from __future__ import annotations

from collections.abc import Callable

from tests.property.world import (
    APP,
    BOSS,
    OTHER,
    PLAIN,
    READER,
    USER_TYPES,
    ByHand,
    Chooser,
    Column,
    Composite,
    Declared,
    Domain,
    Enum,
    Function,
    Item,
    Made,
    Placed,
    Policy,
    Table,
    Trigger,
    View,
    World,
    chance,
    pick,
)

Edit = Callable[[World, Chooser], str | None]
LANGUAGES = ("sql", "plpgsql", "atomic")


# --- new objects


def _place(world: World, choose: Chooser, name: str, type_: type) -> tuple[str, str]:
    """Return name and schema of something new; in the other schema it may have the name that another one has here.

    Tables do not: they move, and so do their indexes and partitions, which are called after them.
    """
    schema = pick(choose, ("", world.schemas[-1], *world.schemas)) if len(world.schemas) > 1 else ""
    if schema and type_ is not Table and chance(choose, 3):
        here = [found.name for found in world.placed() if type(found) is type_ and not found.schema]
        alike = [found for found in here if world.is_free(schema, found)]
        name = pick(choose, alike) if alike else name
    return name, schema


def _type(world: World, choose: Chooser, below: int) -> str | int:
    own = world.types(below)
    return pick(choose, own) if own and chance(choose, 3) else pick(choose, PLAIN)


def _item(world: World, choose: Chooser, view: View) -> Item:
    columns, alias = world.columns(view.base), f"c{world.next()}"
    forms = ["column", "text"] if columns else ["constant"]
    scalars, types = world.scalars(view.id), world.types(view.id)
    forms += ["call"] if scalars and columns else []
    forms += ["null"] if types else []
    match pick(choose, [*forms, "count"]):
        case "column":
            column = pick(choose, columns)
            taken = world.columns(view.id)
            return Item("column", alias if column in taken or chance(choose, 3) else column, column)
        case "text":
            return Item("text", alias, pick(choose, columns))
        case "call":
            return Item("call", alias, pick(choose, columns), pick(choose, scalars))
        case "null":
            return Item("null", alias, other=pick(choose, types))
        case "count":
            return Item("count", alias, other=pick(choose, world.relations(view.id)))
        case _:
            return Item("constant", alias)


def _about(world: World, choose: Chooser, declared: Declared) -> None:
    """Give an object its comments and grants."""
    declared.apart = chance(choose, 3)
    if chance(choose, 3):
        declared.comment = f"said {world.next()}"
    if isinstance(declared, View) and chance(choose, 3):
        declared.column_comments[pick(choose, world.columns(declared.id))] = f"said {world.next()}"
    if isinstance(declared, Trigger | Policy):
        return
    if chance(choose, 3):
        privilege = {View: "SELECT", Function: "EXECUTE"}.get(type(declared), "USAGE")
        column = pick(choose, world.columns(declared.id)) if isinstance(declared, View) and chance(choose, 3) else ""
        declared.grants.add((pick(choose, (APP, "PUBLIC")), privilege, column))


def _add(world: World, choose: Chooser, declared: Declared) -> None:
    declared.folder = pick(choose, ("", "a", "b/c"))
    world.objects[declared.id] = declared
    _about(world, choose, declared)


def add_view(world: World, choose: Chooser) -> str | None:
    id_ = world.next()
    materialized = chance(choose, 4)
    name, schema = _place(world, choose, f"{'m' if materialized else 'v'}{id_}", View)
    view = View(id_, name, schema, materialized=materialized)
    view.base = pick(choose, world.relations(id_, rows=True))
    view.star = chance(choose, 3)
    world.objects[id_] = view
    for _ in range(choose.below(3) + (not view.star)):
        view.items.append(_item(world, choose, view))
    if materialized and chance(choose, 2):
        view.indexes[f"i{world.next()}"] = pick(choose, world.columns(id_))
    _add(world, choose, view)
    return f"add {view.name}"


def add_function(world: World, choose: Chooser) -> str | None:
    id_ = world.next()
    name, schema = _place(world, choose, f"f{id_}", Function)
    f = Function(id_, name, schema, language=pick(choose, LANGUAGES))
    f.form = pick(choose, ("scalar", "scalar", "scalar", "rows", "trigger"))
    if f.form == "rows":
        f.reads = pick(choose, world.relations(id_))
    elif chance(choose, 3):
        f.reads = pick(choose, world.relations(id_))
        f.column = pick(choose, world.columns(f.reads))
    if f.form == "trigger":
        f.language = "plpgsql"
    if f.form == "scalar":
        f.second = pick(choose, (None, None, "integer", *world.types(id_)))
        f.returns = pick(choose, ("bigint", "integer", "text"))
        if world.scalars(id_) and chance(choose, 3):
            f.calls = pick(choose, world.scalars(id_))
    _add(world, choose, f)
    return f"add {f.name}"


def add_overload(world: World, choose: Chooser) -> str | None:
    scalars = world.scalars(world.serial + 1)
    if not scalars:
        return None
    of = world.objects[pick(choose, scalars)]
    id_ = world.next()
    f = Function(
        id_, of.name, of.schema, form="overload", argument="n", type=pick(choose, ("integer", "boolean", "numeric"))
    )
    if any(world.signature(o) == world.signature(f) for o in world.of(Function)):
        return None
    _add(world, choose, f)
    return f"add an overload of {of.name}"


def add_type(world: World, choose: Chooser) -> str | None:
    id_ = world.next()
    match choose.below(3):
        case 0:
            found: Declared = Enum(
                id_, *_place(world, choose, f"e{id_}", Enum), labels=[f"l{world.next()}" for _ in range(2)]
            )
        case 1:
            found = Domain(id_, *_place(world, choose, f"d{id_}", Domain), base=pick(choose, ("text", "bigint")))
            found.checks = [world.next()] if chance(choose, 2) else []
        case _:
            attributes = [Column(f"a{world.next()}", _type(world, choose, id_)) for _ in range(2)]
            found = Composite(id_, *_place(world, choose, f"t{id_}", Composite), attributes=attributes)
    _add(world, choose, found)
    return f"add {found.name}"


def add_trigger(world: World, choose: Chooser) -> str | None:
    functions = [o.id for o in world.of(Function) if o.form == "trigger"]
    if not functions:
        return None
    id_ = world.next()
    places = [*world.tables, *(o.id for o in world.of(View) if not o.materialized)]
    trigger = Trigger(id_, f"g{id_}", on=pick(choose, places), function=pick(choose, functions))
    columns = world.columns(trigger.on)
    trigger.of = pick(choose, ("", *columns))
    trigger.when = pick(choose, ("", *columns))
    _add(world, choose, trigger)
    return f"add {trigger.name}"


def add_policy(world: World, choose: Chooser) -> str | None:
    id_ = world.next()
    on = pick(choose, list(world.tables))
    policy = Policy(id_, f"p{id_}", on=on, column=pick(choose, world.columns(on)))
    policy.function = pick(choose, (0, *world.scalars(id_)))
    _add(world, choose, policy)
    return f"add {policy.name}"


# --- changed objects


def edit_view(world: World, choose: Chooser) -> str | None:
    views = world.of(View)
    if not views:
        return None
    view = pick(choose, views)
    items = view.items
    what = pick(
        choose, ("append", "where", "insert", "remove", "swap", "alias", "retype", "star", "barrier", "base", "kind")
    )
    match what:
        case "append":
            items.append(_item(world, choose, view))
        case "insert":
            items.insert(0, _item(world, choose, view))
        case "remove" if items:
            items.pop(choose.below(len(items)))
        case "swap" if len(items) > 1:
            items.append(items.pop(0))
        case "alias" if items:
            pick(choose, items).alias = f"c{world.next()}"
        case "retype" if items:
            item = pick(choose, items)
            if item.form == "column" and item.alias != item.column:
                item.form = "text"
        case "star":
            view.star = not view.star
            known = set(world.columns(view.base)) if view.star else set()
            view.items = [item for item in items if item.alias not in known]
        case "barrier":
            view.barrier = not view.barrier
        case "base":
            view.base = pick(choose, world.relations(view.id, rows=True))
            known = set(world.columns(view.base)) if view.star else set()
            view.items = [item for item in items if item.alias not in known]
        case "kind" if not view.materialized or not view.indexes:
            view.materialized = not view.materialized
            view.grants = {g for g in view.grants if g[1] == "SELECT"}
        case _:
            view.where = world.next()
    return f"{what} {view.name}"


def edit_function(world: World, choose: Chooser) -> str | None:
    functions = world.of(Function)
    if not functions:
        return None
    f = pick(choose, functions)
    what = pick(choose, ("body", "language", "reads", "returns", "argument", "type", "second", "default"))
    match what:
        case "language" if f.form != "trigger":
            f.language = pick(choose, LANGUAGES)
        case "reads" if f.id not in world.pinned and f.form != "overload":
            f.reads = pick(choose, world.relations(f.id))
            f.column = pick(choose, world.columns(f.reads)) if f.form != "rows" else ""
        case "returns" if f.form == "scalar":
            numbers = ("bigint", "integer")
            f.returns = pick(choose, numbers if f.id in world.pinned else (*numbers, "text"))
        case "argument" if f.form == "scalar":
            f.argument = f"a{world.next()}"
        case "type" if f.form == "scalar":
            f.type = "text" if f.type != "text" else "character varying"
        case "second" if f.form == "scalar":
            f.second = None if f.second is not None else pick(choose, ("integer", *world.types(f.id)))
        case "default" if f.second == "integer":
            f.default = world.next()
        case _:
            f.number = world.next()
    return f"{what} of {f.name}"


def edit_type(world: World, choose: Chooser) -> str | None:
    types = world.of(*USER_TYPES)
    if not types:
        return None
    match pick(choose, types):
        case Enum() as e:
            what = pick(choose, ("add", "add", "remove"))
            if what == "remove" and len(e.labels) > 1:
                e.labels.pop(choose.below(len(e.labels)))
            else:
                e.labels.insert(choose.below(len(e.labels) + 1), f"l{world.next()}")
            return f"{what} label of {e.name}"
        case Domain() as d:
            what = pick(choose, ("default", "check", "uncheck", "base"))
            match what:
                case "default":
                    d.default = 0 if d.default else world.next()
                case "base":
                    d.base = "text" if d.base != "text" else "bigint"
                case "uncheck" if d.checks:
                    d.checks.pop(choose.below(len(d.checks)))
                case _:
                    d.checks.append(world.next())
            return f"{what} of {d.name}"
        case Composite() as t:
            what = pick(choose, ("append", "append", "remove", "retype"))
            match what:
                case "remove" if len(t.attributes) > 1:
                    t.attributes.pop(choose.below(len(t.attributes)))
                case "retype":
                    pick(choose, t.attributes).type = _type(world, choose, t.id)
                case _:
                    t.attributes.append(Column(f"a{world.next()}", _type(world, choose, t.id)))
            return f"{what} attribute of {t.name}"
    return None


def edit_about(world: World, choose: Chooser) -> str | None:
    """Comments and grants come, change and go."""
    if not world.objects:
        return None
    declared = pick(choose, list(world.objects.values()))
    if chance(choose, 2):
        declared.comment, declared.grants, declared.column_comments = None, set(), {}
    _about(world, choose, declared)
    return f"words about {declared.name}"


def edit_indexes(world: World, choose: Chooser) -> str | None:
    views = [o for o in world.of(View) if o.materialized]
    if not views:
        return None
    view = pick(choose, views)
    if view.indexes and chance(choose, 2):
        view.indexes.pop(pick(choose, sorted(view.indexes)))
    else:
        view.indexes[f"i{world.next()}"] = pick(choose, world.columns(view.id))
    return f"indexes of {view.name}"


def edit_trigger(world: World, choose: Chooser) -> str | None:
    triggers = world.of(Trigger)
    if not triggers:
        return None
    trigger = pick(choose, triggers)
    columns = world.columns(trigger.on)
    trigger.of, trigger.when = pick(choose, ("", *columns)), pick(choose, ("", *columns))
    return f"change {trigger.name}"


def edit_policy(world: World, choose: Chooser) -> str | None:
    policies = world.of(Policy)
    if not policies:
        return None
    policy = pick(choose, policies)
    policy.column = pick(choose, world.columns(policy.on))
    policy.function = pick(choose, (0, *world.scalars(policy.id)))
    return f"change {policy.name}"


# --- files


def move(world: World, choose: Chooser) -> str | None:
    if not world.objects:
        return None
    declared = pick(choose, list(world.objects.values()))
    declared.folder = pick(choose, ("a", "b/c", "d", ""))
    return f"move {declared.name}"


def reformat(world: World, choose: Chooser) -> str | None:
    if not world.objects:
        return None
    declared = pick(choose, list(world.objects.values()))
    declared.remark = world.next()
    return f"a remark on {declared.name}"


def rename(world: World, choose: Chooser) -> str | None:
    free = [o for o in world.objects.values() if o.id not in world.pinned]
    if not free:
        return None
    declared = pick(choose, free)
    old = declared.spelled
    declared.name, declared.schema = _place(world, choose, f"{declared.name[0]}{world.next()}", type(declared))
    return f"rename {old} to {declared.spelled}"


def delete(world: World, choose: Chooser) -> str | None:
    free = [o for o in world.objects.values() if o.id not in world.pinned]
    if not free:
        return None
    gone = pick(choose, free)
    del world.objects[gone.id]
    return f"delete {gone.name}"


# --- migrations


def _migration(world: World, choose: Chooser, verb: str, *statements: str, seen: bool = False) -> str:
    """Write a migration, sometimes as dynamic SQL, which pgmg cannot read: unless it has to be `seen`."""
    if chance(choose, 4) and not seen:
        body = " ".join(f"EXECUTE '{s.replace(chr(39), chr(39) * 2)}';" for s in statements)
        statements = (f"DO $$ BEGIN {body} END $$",)
    number = len(world.migrations) + 1
    world.migrations.append((f"{number}_{verb}.sql", "".join(f"{s};\n" for s in statements)))
    return f"{number}_{verb}"


def _has_attached(world: World, table: Table) -> bool:
    """Say whether the table takes declared triggers or policies along."""
    return any(isinstance(o, Trigger | Policy) and o.on == table.id for o in world.objects.values())


def _pin(world: World, *types: str | int) -> None:
    """What a migration names has to exist for ever, and all that it is made of."""
    for type_ in types:
        if isinstance(type_, int) and type_ not in world.pinned:
            world.pinned.add(type_)
            found = world.objects[type_]
            if isinstance(found, Composite):
                _pin(world, *(a.type for a in found.attributes))


def create_table(world: World, choose: Chooser) -> str | None:
    id_ = world.next()
    name, schema = _place(world, choose, f"t{id_}", Table)
    table = Table(id_, name, [Column("id", "bigint")], schema=schema)
    for _ in range(2 + choose.below(3)):
        table.columns.append(Column(f"c{world.next()}", _type(world, choose, id_)))
    world.tables[id_] = table
    _pin(world, *(c.type for c in table.columns))
    columns = ", ".join(f"{c.name} {world.type(c.type)}" for c in table.columns[1:])
    return _migration(
        world,
        choose,
        "create",
        f"CREATE TABLE {table.spelled} (id bigint PRIMARY KEY, {columns})",
        f"INSERT INTO {table.spelled} (id) VALUES (1), (2)",
    )


def add_column(world: World, choose: Chooser) -> str | None:
    table = pick(choose, list(world.tables.values()))
    column = Column(f"c{world.next()}", _type(world, choose, world.serial))
    table.columns.append(column)
    _pin(world, column.type)
    said = f"ALTER TABLE {table.spelled} ADD COLUMN {column.name} {world.type(column.type)}"
    return _migration(world, choose, "add", said)


def _column(world: World, choose: Chooser) -> tuple[Table, Column] | None:
    all_ = [(t, c) for t in world.tables.values() for c in t.columns[1:]]
    return pick(choose, all_) if all_ else None


def drop_column(world: World, choose: Chooser) -> str | None:
    found = _column(world, choose)
    if found is None:
        return None
    table, column = found
    if column.held:
        return None
    table.columns.remove(column)
    return _migration(world, choose, "drop", f"ALTER TABLE {table.spelled} DROP COLUMN {column.name}")


def retype_column(world: World, choose: Chooser) -> str | None:
    found = _column(world, choose)
    if found is None:
        return None
    table, column = found
    column.type = pick(choose, PLAIN) if column.held else _type(world, choose, world.serial)
    _pin(world, column.type)
    type_ = world.type(column.type)
    before, after = _reads(world, choose, table)
    return _migration(
        world,
        choose,
        "retype",
        *before,
        f"ALTER TABLE {table.spelled} ALTER COLUMN {column.name} DROP DEFAULT",
        f"ALTER TABLE {table.spelled} ALTER COLUMN {column.name} TYPE {type_} USING NULL::{type_}",
        *after,
        seen=bool(before or after),
    )


def _reads(world: World, choose: Chooser, table: Table) -> tuple[list[str], list[str]]:
    """Statements that read a view of a table before and after it is altered, in the same migration."""
    views = [made for made in world.made if made.on == table.id]
    if not views or chance(choose, 2):
        return [], []
    view, copy = pick(choose, views).spelled, f"k{world.next()}"
    more = f"INSERT INTO {copy} SELECT count(*) FROM {view}"
    if chance(choose, 3):
        more = f"DO $$ BEGIN EXECUTE '{more}'; END $$"
    return [f"CREATE TABLE {copy} AS SELECT count(*) AS n FROM {view}"], [more]


def rename_column(world: World, choose: Chooser) -> str | None:
    found = _column(world, choose)
    if found is None:
        return None
    table, column = found
    old, column.name = column.name, f"c{world.next()}"
    _rename(world, table.id, old, column.name)
    for done in world.hand:
        if done.on == table.id:
            done.columns = [(column.name if c == old else c, own) for c, own in done.columns]
            done.column = column.name if done.column == old else done.column
    said = f"ALTER TABLE {table.spelled} RENAME COLUMN {old} TO {column.name}"
    return _migration(world, choose, "rename", said)


def _rename(world: World, relation: int, old: str, new: str) -> None:
    """Follow a renamed column through everything that shows it."""
    for declared in world.objects.values():
        if isinstance(declared, View) and declared.base == relation:
            for item in declared.items:
                item.column = new if item.column == old else item.column
            if declared.star:
                declared.column_comments = {new if c == old else c: t for c, t in declared.column_comments.items()}
                declared.grants = {(r, p, new if c == old else c) for r, p, c in declared.grants}
                declared.indexes = {n: new if c == old else c for n, c in declared.indexes.items()}
                _rename(world, declared.id, old, new)
        if isinstance(declared, Function) and declared.reads == relation:
            declared.column = new if declared.column == old else declared.column
            if declared.form == "rows":
                _rename(world, declared.id, old, new)
        if isinstance(declared, Trigger) and declared.on == relation:
            declared.of = new if declared.of == old else declared.of
            declared.when = new if declared.when == old else declared.when
        if isinstance(declared, Policy) and declared.on == relation:
            declared.column = new if declared.column == old else declared.column


def rename_table(world: World, choose: Chooser) -> str | None:
    table = pick(choose, list(world.tables.values()))
    seen = _has_attached(world, table)
    old, table.name = table.spelled, f"t{world.next()}"
    return _migration(world, choose, "rename", f"ALTER TABLE {old} RENAME TO {table.name}", seen=seen)


def create_schema(world: World, choose: Chooser) -> str | None:
    """Create the schema beside `public`, once."""
    if OTHER in world.schemas:
        return None
    world.schemas.append(OTHER)
    return _migration(world, choose, "schema", f"CREATE SCHEMA {OTHER}", f"GRANT USAGE ON SCHEMA {OTHER} TO PUBLIC")


def _elsewhere(world: World, placed: Placed) -> str | None:
    """Return the schema that something is not in, if its name is free there."""
    found = [schema for schema in world.schemas if schema != placed.schema and world.is_free(schema, placed.name)]
    return found[0] if found else None


def move_table(world: World, choose: Chooser) -> str | None:
    """Move a table to the other schema."""
    table = pick(choose, list(world.tables.values()))
    to = _elsewhere(world, table)
    if to is None:
        return None
    seen, old = _has_attached(world, table), table.spelled
    table.schema = to
    return _migration(world, choose, "move", f"ALTER TABLE {old} SET SCHEMA {to or 'public'}", seen=seen)


def move_view(world: World, choose: Chooser) -> str | None:
    """Move a view that no file declares to the other schema, in the open or in a DO block."""
    made = pick(choose, world.made) if world.made else None
    to = _elsewhere(world, made) if made else None
    if made is None or to is None:
        return None
    old, made.schema = made.spelled, to
    _follow(world, old, made)
    statement = f"ALTER {made.kind} {old} SET SCHEMA {to or 'public'}"
    if chance(choose, 2):
        statement = f"DO $$ BEGIN EXECUTE '{statement}'; END $$"
    return _migration(world, choose, "move", statement, seen=True)


def _follow(world: World, old: str, made: Made) -> None:
    for other in world.made:
        other.over = made.spelled if other.over == old else other.over


def drop_table(world: World, choose: Chooser) -> str | None:
    if len(world.tables) < 2:
        return None
    held = {made.on for made in world.made}
    free = [table for table in world.tables.values() if table.id not in held and table.id not in world.pinned]
    if not free:
        return None
    table = pick(choose, free)
    seen = _has_attached(world, table)
    del world.tables[table.id]
    return _migration(world, choose, "drop", f"DROP TABLE {table.spelled}", seen=seen)


def hang_function(world: World, choose: Chooser) -> str | None:
    """Put a declared function under a column default or a check."""
    pure = [
        o.id for o in world.of(Function) if o.form == "scalar" and not o.reads and not o.calls and o.returns != "text"
    ]
    if not pure:
        return None
    id_ = pick(choose, pure)
    function = world.objects[id_]
    _pin(world, id_, function.second or "")
    world.hanging.add(id_)
    table = pick(choose, list(world.tables.values()))
    call = f"{function.spelled}('x'::text)"
    if chance(choose, 2):
        said = f"ALTER TABLE {table.spelled} ADD CHECK ({call} IS NOT NULL)"
    else:
        said = f"ALTER TABLE {table.spelled} ALTER COLUMN id SET DEFAULT {call}"
    return _migration(world, choose, "hang", said)


def add_index(world: World, choose: Chooser) -> str | None:
    table = pick(choose, list(world.tables.values()))
    column = pick(choose, table.columns)
    concurrently = "CONCURRENTLY " if chance(choose, 4) and not table.partitioned else ""
    said = f"CREATE INDEX {concurrently}i{world.next()} ON {table.spelled} ({column.name})"
    if concurrently:
        number = len(world.migrations) + 1
        world.migrations.append((f"{number}_index.sql", f"{said};\n"))
        return f"{number}_index"
    return _migration(world, choose, "index", said)


def make_view(world: World, choose: Chooser) -> str | None:
    """Make a view that no file declares, on a table or on another such view."""
    (name, schema), materialized = _place(world, choose, f"u{world.next()}", Made), chance(choose, 4)
    if world.made and chance(choose, 2):
        below = pick(choose, world.made)
        shown = {f"u{world.next()}": column for column in below.columns}
        made = Made(name, below.on, list(shown), materialized, below.spelled, schema)
        source = below.spelled
    else:
        table = pick(choose, list(world.tables.values()))
        plain = [column for column in table.columns[1:] if isinstance(column.type, str)]
        held = [pick(choose, plain)] if plain and chance(choose, 2) else []
        for column in held:
            column.held = True
        shown = {f"u{world.next()}": column.name for column in (table.columns[0], *held)}
        made = Made(name, table.id, list(shown), materialized, schema=schema)
        source = table.spelled
    columns = ", ".join(f"{column} AS {own}" for own, column in shown.items())
    statements = [f"CREATE {made.kind} {made.spelled} AS SELECT {columns} FROM {source}", *_given(world, choose, made)]
    if materialized and chance(choose, 2):
        statements.append(f"CREATE INDEX i{world.next()} ON {made.spelled} ({pick(choose, made.columns)})")
    world.made.append(made)
    return _migration(world, choose, "make", *statements, seen=True)


def _given(world: World, choose: Chooser, made: Made) -> list[str]:
    match choose.below(4):
        case 0:
            return [f"GRANT SELECT ON {made.spelled} TO {READER}"]
        case 1:
            return [f"COMMENT ON {made.kind} {made.spelled} IS 'made {world.next()}'"]
        case 2 if not made.materialized:
            return [f"ALTER VIEW {made.spelled} ALTER COLUMN {made.columns[0]} SET DEFAULT {world.next()}"]
        case _:
            return []


def give_view(world: World, choose: Chooser) -> str | None:
    """Grant or say something in a migration of its own."""
    if not world.made:
        return None
    statements = _given(world, choose, pick(choose, world.made))
    return _migration(world, choose, "give", *statements, seen=True) if statements else None


def rename_view(world: World, choose: Chooser) -> str | None:
    if not world.made:
        return None
    made = pick(choose, world.made)
    old, made.name = made.spelled, f"u{world.next()}"
    _follow(world, old, made)
    return _migration(world, choose, "rename", f"ALTER {made.kind} {old} RENAME TO {made.name}", seen=True)


def drop_made_view(world: World, choose: Chooser) -> str | None:
    free = [made for made in world.made if not any(other.over == made.spelled for other in world.made)]
    if not free:
        return None
    made = pick(choose, free)
    world.made.remove(made)
    return _migration(world, choose, "drop", f"DROP {made.kind} {made.spelled}", seen=True)


NEW: tuple[Edit, ...] = (add_view, add_view, add_view, add_function, add_function, add_type, add_trigger, add_policy)
CHANGES: tuple[Edit, ...] = (
    edit_view,
    edit_view,
    edit_view,
    edit_function,
    edit_function,
    edit_type,
    edit_about,
    edit_indexes,
    edit_trigger,
    edit_policy,
    move,
    reformat,
    rename,
    delete,
    add_overload,
    *NEW,
)
MIGRATIONS: tuple[Edit, ...] = (
    add_column,
    drop_column,
    retype_column,
    rename_column,
    create_table,
    rename_table,
    drop_table,
    hang_function,
    hang_function,
    add_index,
    make_view,
    make_view,
    retype_column,
    give_view,
    rename_view,
    drop_made_view,
    create_schema,
    move_table,
    move_view,
    move_view,
)


# --- by hand


def _own(world: World) -> list[Declared]:
    return [o for o in world.objects.values() if not isinstance(o, Trigger | Policy)]


def grant(world: World, choose: Chooser) -> list[str]:
    places = [*world.tables, *(o.id for o in _own(world))]
    id_ = pick(choose, places)
    found = world.objects.get(id_)
    privilege = {Function: "EXECUTE"}.get(type(found), "USAGE" if isinstance(found, USER_TYPES) else "")
    column = ""
    if not privilege:
        privilege = pick(choose, ("INSERT", "UPDATE", "SELECT"))
        columns = world.columns(id_)
        column = pick(choose, columns) if columns and chance(choose, 3) else ""
    done = ByHand("grant", id_, role=READER, privilege=privilege, column=column, option=chance(choose, 3))
    return _do(world, done)


def regrant(world: World, choose: Chooser) -> list[str]:
    able = [d for d in world.hand if d.what == "grant" and d.option]
    if not able:
        return []
    by = pick(choose, able)
    return _do(world, ByHand("regrant", by.on, role=BOSS, privilege=by.privilege, column=by.column))


def revoke(world: World, choose: Chooser) -> list[str]:
    functions = [o.id for o in world.of(Function) if not any(role == "PUBLIC" for role, _, _ in o.grants)]
    return _do(world, ByHand("revoke", pick(choose, functions), privilege="EXECUTE")) if functions else []


def comment(world: World, choose: Chooser) -> list[str]:
    if not world.objects:
        return []
    declared = pick(choose, list(world.objects.values()))
    column = ""
    if isinstance(declared, View) and world.columns(declared.id) and chance(choose, 2):
        column = pick(choose, world.columns(declared.id))
    text = f"by hand {world.next()}"
    done = ByHand("comment", declared.id, text, column=column)
    declared_too = column in declared.column_comments if column else declared.comment is not None
    return world.statement(done) if declared_too else _do(world, done)


def owner(world: World, choose: Chooser) -> list[str]:
    own = [o.id for o in _own(world) if not (isinstance(o, View) and o.materialized)]
    return _do(world, ByHand("owner", pick(choose, own), role=BOSS)) if own else []


def index(world: World, choose: Chooser) -> list[str]:
    views = [o.id for o in world.of(View) if o.materialized and world.columns(o.id)]
    if not views:
        return []
    on = pick(choose, views)
    return _do(world, ByHand("index", on, f"i{world.next()}", column=pick(choose, world.columns(on))))


def unmanaged_view(world: World, choose: Chooser) -> list[str]:
    on = pick(choose, [*world.tables, *(o.id for o in world.of(View))])
    columns = world.columns(on)
    if not columns:
        return []
    shown = sorted({pick(choose, columns) for _ in range(2)})
    name, schema = _place(world, choose, f"u{world.next()}", Made)
    name = f"{schema}.{name}" if schema else name
    return _do(world, ByHand("view", on, name, columns=[(c, f"u{world.next()}") for c in shown]))


def drop_view(world: World, choose: Chooser) -> list[str]:
    """Drop a managed view; where something depends on it, the server says no and nothing has happened."""
    views = world.of(View)
    if not views or choose.below(2):
        return []
    view = pick(choose, views)
    return [f"-- lost {view.id}", f"DROP {world.target(view.id)}"]


def replace_function(world: World, choose: Chooser) -> list[str]:
    functions = [o for o in world.of(Function) if o.form == "scalar"]
    if not functions:
        return []
    other = World.copy(world)
    function = other.objects[pick(choose, functions).id]
    assert isinstance(function, Function)
    function.number = 1000
    return [other.create(function).replace("CREATE ", "CREATE OR REPLACE ", 1)]


def replace_view(world: World, choose: Chooser) -> list[str]:
    views = [o for o in world.of(View) if not o.materialized]
    if not views:
        return []
    other = World.copy(world)
    view = other.objects[pick(choose, views).id]
    assert isinstance(view, View)
    if chance(choose, 2):
        view.items.append(Item("constant", f"k{world.next()}"))
    view.where = 1000
    return [other.create(view).replace("CREATE ", "CREATE OR REPLACE ", 1)]


def _do(world: World, done: ByHand) -> list[str]:
    if done in world.hand:
        return []
    world.hand.append(done)
    return world.statement(done)


HAND: tuple[Callable[[World, Chooser], list[str]], ...] = (
    grant,
    grant,
    regrant,
    revoke,
    comment,
    comment,
    owner,
    index,
    unmanaged_view,
    unmanaged_view,
    drop_view,
    replace_function,
    replace_view,
)
