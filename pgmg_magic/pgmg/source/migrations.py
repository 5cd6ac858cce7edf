"""Reads migrations: their statements as they are sent, what they do to objects, and what they need (rules 4, 7, 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgmg.errors import SourceError, SourceErrors
from pgmg.model.source import Alteration, Effect, Migration, MigrationFile, Parts, Reference, RefKind
from pgmg.model.source import Statement, StatementKind
from pgmg.source.alterations import alterations_of
from pgmg.source.bodies import read_body
from pgmg.source.grammar import parts, pb
from pgmg.source.kinds.base import option_nodes
from pgmg.source.kinds.routine import read_routine
from pgmg.source.positions import Located
from pgmg.source.references import Collector, references_of
from pgmg.source.sections import no_transaction
from pgmg.source.statements import Parsed, parse_text

_ONE_TRANSACTION = "Leave it out: a migration runs in one transaction. `-- pgmg: no-transaction` on its first line says otherwise."
_OUTSIDE = frozenset(
    {
        "vacuum_stmt",
        "alter_system_stmt",
        "createdb_stmt",
        "dropdb_stmt",
        "create_table_space_stmt",
        "drop_table_space_stmt",
        "create_subscription_stmt",
        "drop_subscription_stmt",
        "alter_subscription_stmt",
    }
)


def parse_migration(file: MigrationFile) -> Migration:
    """Parse a migration.

    Raises:
        SourceErrors: everything that is wrong in it.
    """
    problems: list[SourceError] = []
    parsed = parse_text(Located(file.path, file.text), problems)
    alone = no_transaction(file.text)
    outer = frozenset() if alone else _outer_pair(parsed)
    statements: list[Statement] = []
    alterations: list[Alteration] = []
    needs: dict[tuple[RefKind, Parts, object], Reference] = {}
    made: set[tuple[RefKind, str]] = set()
    for number, statement in enumerate(parsed):
        if statement.node == "transaction_stmt" and not alone and number not in outer:
            words = statement.sql.split()[0].upper()
            problems.append(statement.refused(f"{words} controls a transaction that is pgmg's", _ONE_TRANSACTION))
            continue
        kind = StatementKind.SKIPPED if number in outer else _kind(statement)
        statements.append(Statement(statement.sql, statement.place, kind, statement.data))
        for reference in _needs(statement):
            if (reference.kind, reference.parts[-1]) not in made:
                _note(needs, reference)
        done = list(alterations_of(statement))
        made.update(_makes(done))
        alterations += done
    if problems:
        raise SourceErrors(tuple(problems))
    return Migration(
        name=file.name,
        path=file.path,
        text=file.text,
        hash=file.hash,
        statements=tuple(statements),
        alterations=tuple(alterations),
        references=tuple(needs.values()),
        no_transaction=alone,
    )


def _note(needs: dict[tuple[RefKind, Parts, object], Reference], reference: Reference) -> None:
    key = (reference.kind, reference.parts, reference.arguments)
    known = needs.get(key)
    needs[key] = reference if known is None else replace(known, hard=known.hard or reference.hard)


_SPACES = {
    "view": RefKind.RELATION,
    "materialized_view": RefKind.RELATION,
    "table": RefKind.RELATION,
    "sequence": RefKind.RELATION,
    "index": RefKind.RELATION,
    "type": RefKind.TYPE,
    "domain": RefKind.TYPE,
    "function": RefKind.ROUTINE,
    "procedure": RefKind.ROUTINE,
    "aggregate": RefKind.ROUTINE,
    "operator": RefKind.OPERATOR,
    "collation": RefKind.COLLATION,
}


def _makes(alterations: Iterable[Alteration]) -> Iterator[tuple[RefKind, str]]:
    """Yield what later statements of the same file may use without needing it from outside."""
    for alteration in alterations:
        space = _SPACES.get(alteration.target.kind.value)
        if space is None or not alteration.target.parts:
            continue
        name = alteration.new_name if alteration.effect is Effect.RENAME else alteration.target.parts[-1]
        if alteration.effect in (Effect.CREATE, Effect.RENAME) and name is not None:
            yield space, name
            if space is RefKind.RELATION:
                yield RefKind.TYPE, name  # its row type


def _outer_pair(parsed: list[Parsed]) -> frozenset[int]:
    """Return the numbers of a BEGIN and a COMMIT around everything else (rule 9.7)."""
    # what only sets something may stand before it, as in dumps
    first = next((n for n, s in enumerate(parsed) if s.node not in ("variable_set_stmt",)), None)
    last = len(parsed) - 1
    if first is None or first >= last:
        return frozenset()
    begins = parsed[first].node == "transaction_stmt" and parsed[first].tree.kind in (
        pb.TRANS_STMT_BEGIN,
        pb.TRANS_STMT_START,
    )
    ends = parsed[last].node == "transaction_stmt" and parsed[last].tree.kind == pb.TRANS_STMT_COMMIT
    return frozenset({first, last}) if begins and ends else frozenset()


def _kind(statement: Parsed) -> StatementKind:
    if statement.data is not None:
        return StatementKind.COPY_IN
    return StatementKind.OUTSIDE if _runs_outside(statement) else StatementKind.PLAIN


def _runs_outside(statement: Parsed) -> bool:
    """Say whether the server refuses a statement inside a transaction block (rule 9.2)."""
    node, tree = statement.node, statement.tree
    match node:
        case "index_stmt":
            return bool(tree.concurrent)
        case "drop_stmt":
            return bool(tree.concurrent)
        case "reindex_stmt":
            whole = tree.kind in (pb.REINDEX_OBJECT_SCHEMA, pb.REINDEX_OBJECT_SYSTEM, pb.REINDEX_OBJECT_DATABASE)
            return whole or any(option.def_elem.defname == "concurrently" for option in tree.params)
        case "cluster_stmt":
            return not tree.HasField("relation")
        case "vacuum_stmt":
            return bool(tree.is_vacuumcmd)  # ANALYZE has the same node
        case "alter_table_stmt":
            return any(
                command.alter_table_cmd.subtype == pb.AT_DetachPartition
                and command.alter_table_cmd.HasField("def")
                and getattr(command.alter_table_cmd, "def").partition_cmd.concurrent
                for command in tree.cmds
            )
        case _:
            return node in _OUTSIDE


def _needs(statement: Parsed) -> tuple[Reference, ...]:
    """Return what a statement uses when it runs; what stands in bodies is soft."""
    match statement.node:
        case "create_function_stmt":
            return read_routine(statement.tree, parts(statement.tree.funcname))[2]
        case "do_stmt":
            collector = Collector(hard=False)
            options = option_nodes(statement.tree.args)
            language = options["language"].arg.string.sval if "language" in options else "plpgsql"
            read_body(collector, language, options["as"].arg.string.sval if "as" in options else "")
            return collector.references
        case "drop_stmt" | "transaction_stmt" | "variable_set_stmt" | "rename_stmt" | "comment_stmt":
            return ()
        case _:
            return references_of(statement.tree)
