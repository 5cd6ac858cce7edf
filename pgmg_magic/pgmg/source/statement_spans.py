"""Finds the statements of a code file as places in its text, so that single ones can be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import SourceErrors, SyntaxProblem
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation
from pgmg.source.grammar.offsets import Located
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion
from pgmg.source.grammar.set_statements import SetStatements, is_setting
from pgmg.source.grammar.statements import parse_text
from pgmg.source.kinds import key_of, readers

if TYPE_CHECKING:
    from pgmg.errors import SourceError
    from pgmg.model.sources.source import CodeFile, Target


@dataclass(frozen=True, slots=True)
class StatementSpan:
    """A statement that declares something: characters `start` to `end` of its file, without the semicolon.

    `declared` are the objects with the statement about each alone: one GRANT may be about several. `settings` are the
    SET statements in force there.
    """

    start: int
    end: int
    declared: tuple[tuple[Target, str], ...]
    settings: tuple[str, ...] = ()


def statement_spans(file: CodeFile) -> tuple[StatementSpan, ...]:
    """Return the declaring statements of a file, in order; not SET, DROP … IF EXISTS, BEGIN and COMMIT.

    Raises:
        SourceErrors: the file does not parse.
    """
    try:
        return _spans(file)
    except TooDeepError as error:
        raise SourceErrors((SyntaxProblem(str(error), where=SourceLocation(file.path, 1, 1)),)) from None


@deep_recursion(lambda file: len(file.text))
def _spans(file: CodeFile) -> tuple[StatementSpan, ...]:
    problems: list[SourceError] = []
    settings = SetStatements()
    found = []
    for statement in parse_text(Located(file.path, file.text), problems):
        if is_setting(statement):
            settings.take(statement)
            continue
        reader = readers().get(key_of(statement.node, statement.tree))
        if reader is None:
            continue
        declared = tuple((one.target, one.sql or statement.sql) for one in reader(statement))
        end = statement.start + len(statement.sql)
        found.append(StatementSpan(statement.start, end, declared, tuple(settings.values.values())))
    if problems:
        raise SourceErrors(tuple(problems))
    return tuple(found)
