"""Knows what COMMENT ON, GRANT, REVOKE and ALTER … OWNER TO may be about under the code folder, and refuses the rest.

What is accepted is also read back from the database, compared, changed and removed. An object that other databases of
the cluster share, and one that pgmg does not read, is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.naming.type_identity import SYSTEM
from pgmg.source.grammar.parser import pb
from pgmg.source.references.statement_targets import KINDS, target_of, words

if TYPE_CHECKING:
    from pgmg.errors import RefusedStatement
    from pgmg.model.sources.source import Target
    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

_SYSTEM_SCHEMAS = (SYSTEM, "information_schema")
_SHARED = frozenset(
    {
        pb.OBJECT_DATABASE,
        pb.OBJECT_PARAMETER_ACL,
        pb.OBJECT_ROLE,
        pb.OBJECT_SUBSCRIPTION,
        pb.OBJECT_TABLESPACE,
    }
)
"""Objects of the whole cluster, and what belongs to one database by name."""

_ELSEWHERE = "does not belong under the code folder, but in a migration"
_MIGRATION = "Put it into a file of the migrations folder."


def parent_of(statement: ParsedStatement, what: str, object_type: int, node: Tree) -> Target:
    """Return what an attachment is about; `what` is the statement with `{}` for its object: `COMMENT ON {}`.

    Raises:
        RefusedStatement: it cannot be declared.
    """
    refusal = _refused(statement, what, object_type)
    if refusal is not None:
        raise refusal
    target = target_of(object_type, node)
    if target is None:
        raise statement.refused(f"{what.format(words(object_type))} {_ELSEWHERE}", _MIGRATION)
    return checked(statement, what, target)


def checked(statement: ParsedStatement, what: str, target: Target) -> Target:
    """Return a target that is no object of the server itself.

    Raises:
        RefusedStatement: it is one.
    """
    about: Target | None = target
    while about is not None:
        if len(about.parts) > 1 and about.parts[-2] in _SYSTEM_SCHEMAS:
            raise statement.refused(
                f"{what.format('.'.join(about.parts))} {_ELSEWHERE}: it is the server's own object",
                _MIGRATION,
            )
        about = about.parent
    if target.kind is Kind.RULE and target.parts == ("_RETURN",):
        raise statement.refused(f"{what.format('RULE _RETURN')} {_ELSEWHERE}", "Comment on the view.")
    return target


def _refused(statement: ParsedStatement, what: str, object_type: int) -> RefusedStatement | None:
    said = f"{what.format(words(object_type))} {_ELSEWHERE}"
    if object_type in _SHARED:
        return statement.refused(f"{said}: it is about something that other databases share", _MIGRATION)
    return statement.refused(said, _MIGRATION) if object_type not in KINDS else None
