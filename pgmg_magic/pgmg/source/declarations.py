"""Turns a code file into the objects it declares (rules 1.3, 1.4)."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from pgmg.errors import SourceError, SourceErrors, SyntaxProblem
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.naming.text_hash import text_hash
from pgmg.model.sources.facts import DefinitionFacts, GrantFacts
from pgmg.model.sources.source import CodeFile, Parts, SourceObject, Target
from pgmg.source.contracts import pins, refuse_misplaced
from pgmg.source.grammar.offsets import Located, in_order
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion
from pgmg.source.grammar.set_statements import BODIES_UNCHECKED, CHECKS_BODIES, SetStatements, is_setting
from pgmg.source.grammar.statements import ParsedStatement, parse_text
from pgmg.source.kinds import Declaration, key_of, readers
from pgmg.source.references.statement_targets import target_of
from pgmg.source.refused_statements import refuse
from pgmg.source.transaction_block import TransactionBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

ADDED_UP = frozenset({Kind.GRANT, Kind.DEFAULT_PRIVILEGES})
"""Kinds of which several statements about the same add up to one declaration."""

_FAMILIES = (RELATIONS, ROUTINES, TYPES)


def parse_code(files: Sequence[CodeFile], problems: Sequence[SourceError] = ()) -> tuple[SourceObject, ...]:
    """Return what all files declare, in the order of files and of statements in them.

    Raises:
        SourceErrors: everything that is wrong in any of the files, `problems` included.
    """
    found: list[SourceObject] = []
    wrong = list(problems)
    for file in files:
        try:
            found += parse_file(file)
        except SourceErrors as errors:
            wrong += errors.problems
    if wrong:
        raise SourceErrors(tuple(wrong))
    return merge_grants(found)


def parse_file(file: CodeFile) -> tuple[SourceObject, ...]:
    """Return what one file declares.

    Raises:
        SourceErrors: everything that is wrong in it.
    """
    try:
        return _parse_file(file)
    except TooDeepError as error:
        raise SourceErrors((SyntaxProblem(str(error), where=SourceLocation(file.path, 1, 1)),)) from None


@deep_recursion(lambda file: len(file.text))
def _parse_file(file: CodeFile) -> tuple[SourceObject, ...]:
    reading = _Reading(file)
    for statement in parse_text(Located(file.path, file.text), reading.problems):
        reading.take(statement)
    reading.check_end()
    if reading.problems:
        raise SourceErrors(in_order(reading.problems))
    return tuple(reading.objects)


def parse_recorded(sql: str, settings: tuple[str, ...] = ()) -> tuple[SourceObject, ...]:
    """Return what SQL kept in state declared; nothing where it does not parse (any more)."""
    text = "".join(f"{setting};\n" for setting in settings) + sql
    try:
        return merge_grants(parse_file(CodeFile("recorded", text, "")))
    except SourceErrors:
        return ()


def merge_grants(
    objects: Iterable[SourceObject], key: Callable[[SourceObject], Hashable] = lambda source: source.target
) -> tuple[SourceObject, ...]:
    """Return the objects with all GRANT and REVOKE statements about one object and one role made one, in order."""
    found: dict[Hashable, SourceObject] = {}
    for number, source in enumerate(objects):
        about = (source.target.kind, key(source)) if source.target.kind in ADDED_UP else number
        known = found.get(about)
        if known is None:
            found[about] = source
        elif isinstance(known.facts, GrantFacts) and isinstance(source.facts, GrantFacts):
            sql = f"{known.sql};\n{source.sql}"
            facts = GrantFacts(known.facts.privileges + source.facts.privileges, known.facts.scope)
            merged = replace(known, sql=sql, facts=facts, hash=_hash(sql, known.settings))
            found[about] = replace(merged, references=tuple(dict.fromkeys(known.references + source.references)))
    return tuple(found.values())


@dataclass(slots=True)
class _Reading:
    """One file while it is read: what it declares, and the settings in force so far."""

    file: CodeFile
    objects: list[SourceObject] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    settings: SetStatements = field(default_factory=SetStatements)
    transaction: TransactionBlock = field(default_factory=TransactionBlock)
    drops: list[tuple[ParsedStatement, Target, int]] = field(default_factory=list)

    def take(self, statement: ParsedStatement) -> None:
        """Read one statement."""
        try:
            if key_of(statement.node, statement.tree) not in readers():
                refuse_misplaced(statement)
            if is_setting(statement):
                self.settings.take(statement)
            elif statement.node == "transaction_stmt":
                self.transaction.take(statement, self.settings)
            elif statement.node == "drop_stmt":
                self._drop(statement)
            elif statement.node == "alter_tsconfiguration_stmt":
                self._add_mapping(statement)
            else:
                self._declare(statement)
        except SourceError as error:
            self.problems.append(error)

    def _declare(self, statement: ParsedStatement) -> None:
        reader = readers().get(key_of(statement.node, statement.tree))
        if reader is None:
            raise refuse(statement)
        declared = [self._object(statement, declaration) for declaration in reader(statement)]
        self.objects += [replace(one, contract=True) for one in declared] if pins(statement, declared) else declared

    def _settings(self, kind: Kind) -> tuple[str, ...]:
        """Return what is set for an object of this kind: only bodies are checked or not, and no body is another one."""
        found = self.settings.values
        return tuple(sql for name, sql in found.items() if name != CHECKS_BODIES or kind in ROUTINES)

    def _object(self, statement: ParsedStatement, declaration: Declaration) -> SourceObject:
        sql = statement.sql if declaration.sql is None else declaration.sql
        settings = self._settings(declaration.target.kind)
        return SourceObject(
            target=declaration.target,
            sql=sql,
            location=statement.location,
            hash=_hash(sql, [one for one in settings if one != BODIES_UNCHECKED]),
            file_hash=self.file.hash,
            references=declaration.references,
            facts=declaration.facts,
            settings=settings,
        )

    def _add_mapping(self, statement: ParsedStatement) -> None:
        """`ALTER TEXT SEARCH CONFIGURATION … MAPPING` becomes part of the configuration that the file creates."""
        mapping = next(iter(readers()[statement.node](statement)))
        for number, known in enumerate(self.objects):
            if known.target == mapping.target and isinstance(known.facts, DefinitionFacts):
                self.objects[number] = _with_mapping(known, statement.sql, mapping)
                return
        raise statement.refused(
            "ALTER TEXT SEARCH CONFIGURATION stands apart from the configuration that it completes",
            "Put it into the file that creates the configuration, after CREATE TEXT SEARCH CONFIGURATION.",
        )

    def _drop(self, statement: ParsedStatement) -> None:
        """DROP … IF EXISTS is passed over where the file then creates the object; anything else is refused."""
        tree = statement.tree
        targets = [target_of(tree.remove_type, node) for node in tree.objects]
        if not tree.missing_ok or None in targets:
            raise refuse(statement)
        self.drops += [(statement, target, len(self.objects)) for target in targets if target is not None]

    def check_end(self) -> None:
        """Refuse drops of what the rest of the file does not create, and a transaction that it does not end."""
        try:
            self.transaction.check_end()
        except SourceError as error:
            self.problems.append(error)
        for statement, target, first in self.drops:
            if not any(_same_object(target, source.target) for source in self.objects[first:]):
                self.problems.append(refuse(statement))


def _same_object(dropped: Target, made: Target) -> bool:
    if dropped.kind is Kind.CAST:
        return dropped == made
    if (
        dropped.parent is not None
        and made.parent is not None
        and not _same_name(dropped.parent.parts, made.parent.parts)
    ):
        return False
    same_family = dropped.kind is made.kind or any(dropped.kind in f and made.kind in f for f in _FAMILIES)
    return same_family and _same_name(dropped.parts, made.parts)


def _same_name(one: Parts, other: Parts) -> bool:
    shared = min(len(one), len(other))  # a schema that is not spoken may be any
    return one[len(one) - shared :] == other[len(other) - shared :]


def _with_mapping(known: SourceObject, sql: str, mapping: Declaration) -> SourceObject:
    assert isinstance(known.facts, DefinitionFacts)
    assert isinstance(mapping.facts, DefinitionFacts)
    text = f"{known.sql};\n{sql}"
    normal = f"{known.facts.normal}; {mapping.facts.normal}"
    return replace(
        known,
        sql=text,
        hash=_hash(text, known.settings),
        facts=DefinitionFacts(tuple(sorted(known.facts.options + mapping.facts.options)), normal),
        references=tuple(dict.fromkeys(known.references + mapping.references)),
    )


def _hash(sql: str, settings: Sequence[str]) -> str:
    return text_hash("\x00".join((sql, *settings)))
