"""Finds the place in a file that a server error means (rule 8.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import RELATIONS
from pgmg.model.naming.quoting import quote
from pgmg.model.secrets import mask_secrets, masked_part, secret_spans, secrets_in
from pgmg.model.sources.source import Statement, StatementKind
from pgmg.source.grammar.lexer import Sort, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgmg.model.plans.plan import Step

_IN_DO_BLOCK = re.compile(r"\binline_code_block\b\D*(\d+)")  # a name of the server's, in every language
_PERFORMED = re.compile(r"\ASELECT")  # PL/pgSQL sends PERFORM as SELECT
_IN_COPY = re.compile(r"^COPY \S+,\D+(\d+)", re.MULTILINE)


def relations_of(step: Step | None, number: int) -> tuple[str, ...]:
    """Return the relations that the `number`-th statement of a step is about, as SQL names them; () if unknown."""
    if step is None:
        return ()
    if step.migration is None:
        about = step.object.parent if step.object.kind not in RELATIONS else step.object
        return () if about is None else (_spelled((about.schema, about.name)),)
    sent = step.migration_statements
    targets = [alteration.target for alteration in sent[number].alterations] if number < len(sent) else []
    found = [target if target.kind in RELATIONS else target.parent for target in targets]
    return tuple(dict.fromkeys(_spelled(target.parts[-2:]) for target in found if target is not None))


def _spelled(parts: Iterable[str | None]) -> str:
    return ".".join(quote(part) for part in parts if part)


def secrets_of(step: Step | None, number: int | None = None, error: psycopg.Error | None = None) -> frozenset[str]:
    """Return the secrets in the SQL of a step, to be hidden in messages about it or about its `number`-th statement.

    Of inline data that COPY could not read, the fields of the line in question count (rule 11.3).
    """
    if step is None:
        return frozenset()
    found = frozenset().union(*map(secrets_in, (*step.statements, step.source.sql if step.source else "")))
    sent = step.migration_statements
    if error is None or number is None or number >= len(sent) or sent[number].kind is not StatementKind.COPY_IN:
        return found
    row = _failing_row(sent[number], error)
    line = "" if row is None else _rows(sent[number])[row - 1]
    hides = line and masked_row(sent[number].sql, line) != line
    return found | {line, *line.split("\t")} - {""} if hides else found


def masked_row(copy: str, row: str) -> str:
    """Return a line of the data of `COPY … FROM stdin` as it may be shown."""
    return mask_secrets(f"{copy};\n{row}").rpartition("\n")[2]


def place_of(step: Step, number: int, error: psycopg.Error) -> SourceLocation | None:
    """Return the place in the file that an error of the `number`-th statement means."""
    if step.migration is not None:
        sent = step.migration_statements
        if number >= len(sent):
            return step.location
        statement = sent[number]
        if statement.kind is StatementKind.COPY_IN and (row := _copied_row(statement, error)) is not None:
            return row
        return _shifted(statement.location, statement.sql, _offset(statement.sql, error))
    if step.source is None or step.location is None:
        return step.location
    text = step.statements[min(number, len(step.statements) - 1)] if step.statements else ""
    at = _written_offset(text, step.source.sql, _offset(text, error))
    return _shifted(step.source.location, step.source.sql, at)


def _offset(text: str, error: psycopg.Error) -> int:
    """Return the offset in the statement sent; 0 where the server does not say."""
    diag = error.diag
    if diag.statement_position:
        return int(diag.statement_position) - 1
    if diag.internal_query and diag.internal_position:
        for asked, moved in ((diag.internal_query, 0), (_PERFORMED.sub("PERFORM", diag.internal_query), 1)):
            if text.count(asked) == 1:
                return text.index(asked) + int(diag.internal_position) - 1 + moved
    if diag.context and (line := _IN_DO_BLOCK.search(diag.context)):
        return _body_line(text, int(line[1]))
    return 0


def _body_line(text: str, line: int) -> int:
    """Return where the `line`-th line of a DO block's body begins; the first is that of its opening quote."""
    body = next((token.start for token in tokens(text) if token.sort is Sort.STRING), 0)
    for _ in range(line - 1):
        end = text.find("\n", body)
        if end < 0:
            break
        body = end + 1
    return body + len(text[body:]) - len(text[body:].lstrip(" \t"))


def _written_offset(sent: str, written: str, at: int) -> int:
    """Turn an offset in the text sent into one in the source: OR REPLACE may have been put in, WITH DATA taken out.

    A text that was not made of the source in this way has no places in it.
    """
    same = 0
    while same < min(len(sent), len(written)) and sent[same] == written[same]:
        same += 1
    if at < same:
        return at
    tail = 0
    while tail < min(len(sent), len(written)) - same and sent[-1 - tail] == written[-1 - tail]:
        tail += 1
    if same + tail < min(len(sent), len(written)) or not same:
        return at if at < same else 0
    return max(at - len(sent) + len(written), same) if at >= len(sent) - tail else same


def _copied_row(statement: Statement, error: psycopg.Error) -> SourceLocation | None:
    """Return the line of inline data that COPY stumbled over."""
    row = _failing_row(statement, error)
    if row is None:
        return None
    first = (statement.location.line or 1) + statement.sql.count("\n") + 1
    return SourceLocation(
        statement.location.path, first + row - 1, 1, masked_row(statement.sql, _rows(statement)[row - 1])
    )


def _failing_row(statement: Statement, error: psycopg.Error) -> int | None:
    """Return the number of the line of inline data that the server's message names."""
    found = _IN_COPY.search(error.diag.context or "")
    return None if found is None or int(found[1]) > len(_rows(statement)) else int(found[1])


def _rows(statement: Statement) -> list[str]:
    return (statement.data or "").split("\n")


def _shifted(start: SourceLocation, text: str, at: int) -> SourceLocation:
    """Return the place `at` characters into a statement; what is shown of it shows no password (rule 11.3)."""
    before = text[:at]
    line = before.count("\n")
    column = at - (before.rfind("\n") + 1) + 1
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    here = masked_part(text, begin, len(text) if end < 0 else end, secret_spans(text))
    if line == 0:
        lead, whole, first = (start.column or 1) - 1, start.text or "", text.split("\n", 1)[0]
        column += lead
        here = whole[:lead].ljust(lead) + here + whole[lead + len(first) :]
    return SourceLocation(start.path, (start.line or 1) + line, column, here)
