"""Words for steps (planned, running, done), changes, edges, counts and durations, shared by all renderers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, assert_never

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.naming.roles import role_word
from pgmg.model.plans.plan import Action, Change, ChangeKind, Edge, Origin, Step
from pgmg.model.plans.risk import duration_text
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph
from pgmg.model.sources.facts import FiringFacts, OwnerFacts
from pgmg.model.sources.firing import Firing
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from pgmg.model.results.applied_from import AppliedFrom


class Verb(NamedTuple):
    """An action's present and past form, and its colour."""

    doing: str
    done: str
    role: Role


def mark(action: Action) -> tuple[str, Role]:
    """Return the mark of an executed step and its colour: an arrow for a drop, a green tick for all else."""
    return ("↓", Role.DROPPED) if action is Action.DROP else ("✓", Role.CREATED)


def verb(action: Action) -> Verb:
    """Return the words for an action."""
    match action:
        case Action.DROP:
            return Verb("Dropping", "Dropping", Role.DROPPED)
        case Action.MIGRATE:
            return Verb("Applying", "Applied", Role.MIGRATION)
        case Action.CREATE:
            return Verb("Creating", "Created", Role.CREATED)
        case Action.REPLACE:
            return Verb("Replacing", "Replaced", Role.CHANGED)
        case Action.ALTER:
            return Verb("Altering", "Altered", Role.CHANGED)
        case Action.RESTORE:
            return Verb("Restoring", "Restored", Role.RESTORED)
        case Action.COMMENT:
            return Verb("Commenting on", "Commented on", Role.CHANGED)
        case Action.GRANT:
            return Verb("Granting on", "Granted on", Role.CREATED)
        case Action.REVOKE:
            return Verb("Revoking on", "Revoked on", Role.DROPPED)
        case Action.SWAP:
            return Verb("Swapping", "Swapped", Role.CHANGED)
        case Action.VALIDATE:
            return Verb("Validating", "Validated", Role.CREATED)
        case _:
            assert_never(action)


def sql_name(name: ObjectName) -> str:
    """Return an object as SQL names it: `VIEW reporting.daily`."""
    return name.display_name if name.kind is Kind.OTHER else f"{name.kind.sql_keyword.upper()} {name.display_name}"


def step_title(step: Step) -> str:
    """Return a step as the plan lists it: `DROP VIEW user_stats`."""
    name, parent = step.object, step.object.parent
    match step.action:
        case Action.MIGRATE:
            return f"Run migration: {name.display_name}"
        case Action.COMMENT if parent is not None:
            return f"COMMENT ON {sql_name(parent)}"
        case Action.GRANT if parent is not None:
            return f"GRANT ON {sql_name(parent)} TO {spell(name.detail or '')}"
        case Action.REVOKE if parent is not None:
            return f"REVOKE ON {sql_name(parent)} FROM {spell(name.detail or '')}"
        case Action.ALTER if name.kind is Kind.OWNER and parent is not None:
            facts = step.source.facts if step.source is not None else None
            to = f" TO {role_word(facts.role)}" if isinstance(facts, OwnerFacts) else ""
            return f"ALTER {sql_name(parent)} OWNER{to}"
        case Action.ALTER if name.kind is Kind.FIRING and parent is not None:
            return f"{_firing(step).words} {sql_name(parent)}"
        case _:
            return f"{step.action.value.upper()} {sql_name(name)}"


_FIRING = {
    Firing.ORIGIN: ("Enabled", "Enabling"),
    Firing.DISABLED: ("Disabled", "Disabling"),
    Firing.REPLICA: ("Enabled on replicas", "Enabling on replicas"),
    Firing.ALWAYS: ("Enabled always", "Enabling always"),
}
"""What a step has done to a trigger, and what it is doing."""


def _firing(step: Step) -> Firing:
    """Return when a trigger fires after a step; where that is no longer declared, as it does by default."""
    facts = step.source.facts if step.source is not None else None
    return facts.firing if isinstance(facts, FiringFacts) else Firing.ORIGIN


def past_tense(step: Step, *, doing: bool = False, distinct: bool = False) -> str:
    """Return a step as progress and results show it: `Created view: user_stats`.

    `doing` chooses the present form. `distinct` adds arguments, for overloads that share a short name.
    """
    words = verb(step.action)
    said, name = (words.doing if doing else words.done), step.object
    if name.kind is Kind.DEFAULT_PRIVILEGES:
        said = said.removesuffix(" on")
    tail = ""
    if name.kind in PROPERTY_KINDS and name.parent is not None:
        if name.kind is Kind.OWNER:
            said = "Changing the owner of" if doing else "Changed the owner of"
        elif name.kind is Kind.FIRING:
            said = _FIRING[_firing(step)][doing]
        elif name.kind is Kind.GRANT:
            tail = f"{' from ' if step.action is Action.REVOKE else ' to '}{spell(name.detail or '')}"
        name = name.parent
    if step.action is Action.RESTORE and step.runtime is not None and not step.statements:
        said, tail = "Passed over", " (a migration has dropped it)"
    kind = "object" if name.kind is Kind.OTHER else name.kind.sql_keyword
    return f"{said} {kind}: {name.display_name if distinct else name.short_name}{tail}"


_ASPECTS = {
    "DO": "privileges",
    "GRANT": "privileges",
    "REVOKE": "privileges",
    "COMMENT": "comments",
    "REFRESH": "rows",
    "SECURITY": "labels",
    "ALTER": "settings",
    "UPDATE": "settings",
    "CREATE": "attachments",
    "CLUSTER": "settings",
}


def restored_properties(step: Step) -> str:
    """Return which properties a step restores on a recreated object: `privileges and comments`."""
    said = (_restored_property(statement.upper()) for statement in step.statements)
    found = list(dict.fromkeys(aspect for aspect in said if aspect is not None)) or ["settings"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def _restored_property(statement: str) -> str | None:
    first = statement.split(maxsplit=1)[0] if statement.strip() else ""
    return "owner" if first == "ALTER" and " OWNER TO " in statement else _ASPECTS.get(first)


class ChangeLabel(NamedTuple):
    """A change in one word, a short explanation, and its colour."""

    word: str
    why: str
    role: Role


def change(kind: ChangeKind) -> ChangeLabel:
    """Return the words for a change."""
    match kind:
        case ChangeKind.NEW:
            return ChangeLabel("new", "", Role.CREATED)
        case ChangeKind.MODIFIED:
            return ChangeLabel("modified", "", Role.CHANGED)
        case ChangeKind.DELETED:
            return ChangeLabel("deleted", "", Role.DROPPED)
        case ChangeKind.ADOPTED:
            return ChangeLabel("adopted", "the database has it already", Role.RESTORED)
        case ChangeKind.MISSING:
            return ChangeLabel("missing", "gone from the database", Role.WARNING)
        case ChangeKind.DRIFTED:
            return ChangeLabel("drifted", "changed by hand in the database", Role.WARNING)
        case ChangeKind.FORMATTING:
            return ChangeLabel("formatting", "nothing is executed", Role.MUTED)
        case _:
            assert_never(kind)


def place(item: Change) -> str:
    """Return `sql/views/a.sql:3`; without a known line the path alone, without a path an empty text."""
    if item.path is None:
        return ""
    return item.path if item.line is None else f"{item.path}:{item.line}"


def named(name: ObjectName) -> str:
    """Return an object's name; of a column the form that commands accept: `view.user_stats.score`."""
    return f"{name.parent}.{spell(name.name)}" if name.kind is Kind.COLUMN else str(name)


def edge(item: Edge) -> str:
    """Return a dependency as a sentence."""
    if not isinstance(item, ColumnEdge):
        if item.object == item.depends_on:
            return f"{item.object} was there already: a migration had created it"
        return f"{item.object} depends on {item.depends_on}"
    user, used = named(item.object), named(item.depends_on)
    match item.flow:
        case Flow.VALUE:
            return f"{user} is computed from {used}"
        case Flow.CONDITION if item.object.kind is Kind.COLUMN:
            return f"{user} belongs to the rows of {used}"
        case Flow.CONDITION if item.depends_on.kind is not Kind.COLUMN:
            return f"{user} reads the rows of {used}"
        case Flow.CONDITION:
            return f"{used} filters, joins or groups the rows of {user}"
        case Flow.ORDER:
            return f"{used} orders the rows of {user}"
        case Flow.USED:
            return f"{user} uses {used}" + (f" ({item.construct})" if item.construct else "")
        case Flow.DEPENDS:
            return f"{user} reads {used}, but not what is asked about"
        case _:
            assert_never(item.flow)


def flow(kind: Flow) -> str:
    """Return the legend's words for a use of a column."""
    match kind:
        case Flow.VALUE:
            return "computes the value"
        case Flow.CONDITION:
            return "filters, joins or groups rows"
        case Flow.ORDER:
            return "orders rows"
        case Flow.USED:
            return "used, in an unknown way"
        case Flow.DEPENDS:
            return "depends on the relation"
        case _:
            assert_never(kind)


def origin(item: Edge) -> str:
    """Return the source of a dependency, and whether the server enforces it."""
    match item.origin:
        case Origin.SOURCE:
            said = "read in the source"
        case Origin.CATALOG:
            said = "recorded by the server"
        case Origin.ERROR:
            said = "learned from a server error"
        case _:
            assert_never(item.origin)
    return said if item.hard else f"{said}; not tracked by the server"


def size(graph: Graph) -> str:
    """Return the number of nodes that a graph shows."""
    if not graph.is_lineage:
        return count(len(graph.nodes), "object")
    columns = [node.object for node in graph.nodes if node.object.kind is Kind.COLUMN]
    return f"{count(len(columns), 'column')} of {count(len({name.parent for name in columns}), 'relation')}"


def hidden(graph: Graph) -> str:
    """Return the number of nodes that a graph leaves out; empty if none."""
    noun = "more column" if graph.is_lineage else "more object"
    return f"{count(graph.hidden, noun)} not shown" if graph.hidden else ""


def subject(graph: Graph) -> str:
    """Return a graph's title."""
    return "Column lineage" if graph.is_lineage else "Dependency graph"


ARROWS = "Data flows along the arrows: from what is used to what uses it."
"""The one convention of all graphs, of objects and of columns."""


def count(number: int, noun: str) -> str:
    """Return `1 object`, `4 objects`, `2 indexes`."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith(("cy", "dy", "ly", "ry")):  # policies, bodies, families, dictionaries
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith(('sh', 'x', 's')) else 's'}"


def applied_from(origin: AppliedFrom, now: datetime | None = None) -> str:
    """Return who applied something: `applied by ana@laptop in /home/ana/shop, branch feature-x, 2 hours ago`."""
    when = "" if origin.at is None else f", {ago(origin.at, now)}"
    return f"applied by {origin.described()}{when}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a time with a time zone was: `just now`, `5 minutes ago`, `2 hours ago`, `3 days ago`."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for noun, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), noun)} ago"
    return "just now"


def duration(milliseconds: float) -> str:
    """Return a duration: `35 ms`, `2.4 s`, `3 min 20 s`."""
    return duration_text(milliseconds)
