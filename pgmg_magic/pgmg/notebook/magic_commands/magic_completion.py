"""TAB completion of magics: options, their values, objects, environments, paths."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from pgmg.candidates import candidates, one_word
from pgmg.errors import PgmgError, UnknownObjectError
from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import spell
from pgmg.model.secrets import mask_secrets
from pgmg.options import CONFIG, PLAN_FILE, UPSTREAM, CommandArgument, Names, Option, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from pgmg.config import Settings
    from pgmg.notebook.magic_commands.arguments import Parameters
    from pgmg.notebook.notebook_session import LiveProject, NotebookSession

_FRESH = 10.0
"""Seconds for which names from the database are cached."""
_LINE = re.compile(r"^[^%#]*%%?(?P<name>pgmg_\w+)\s(?P<words>.*)$", re.DOTALL)


class Completion:
    """A matcher for a shell's completer."""

    def __init__(self, shell: InteractiveShell, session: NotebookSession, magics: Mapping[str, Parameters]) -> None:
        self._shell = shell
        self._session = session
        self._magics = magics
        self._matcher: Any = None
        self._names: tuple[float, LiveProject, tuple[str, ...]] | None = None
        self._owner_columns: tuple[float, LiveProject, str, tuple[str, ...]] | None = None

    def register(self) -> None:
        """Add the matcher to the shell."""

        def match(context: CompletionContext) -> SimpleMatcherResult:  # the decorator needs a plain function
            return self._match(context)

        self._matcher = context_matcher(identifier="pgmg", priority=50)(match)
        self._shell.Completer.custom_matchers.append(self._matcher)

    def unregister(self) -> None:
        """Remove the matcher."""
        matchers = self._shell.Completer.custom_matchers
        if self._matcher in matchers:
            matchers.remove(self._matcher)

    def _match(self, context: CompletionContext) -> SimpleMatcherResult:
        line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
        found = _LINE.match(line)
        declared = self._magics.get(found["name"]) if found else None
        if found is None or declared is None:
            return {"completions": [], "suppress": False}
        try:
            words = sorted(self.candidates(declared, found["words"]))
        except (PgmgError, OSError):
            words = []  # TAB reports no errors
        typed = "" if not found["words"] or found["words"][-1].isspace() else found["words"].split()[-1]
        completions = [SimpleCompletion(word, type="magic") for word in words]
        return {"completions": completions, "matched_fragment": typed, "ordered": True, "suppress": True}

    def candidates(self, declared: Parameters, words: str) -> Iterable[str]:
        """Return the candidates at the cursor; `words` is the line between the magic's name and the cursor."""
        said = words.split()
        typed = "" if not said or words[-1:].isspace() else said.pop()
        by_flag = {flag: one for one in declared if isinstance(one, Option) for flag in one.flags}
        before = by_flag.get(said[-1]) if said else None
        if before is not None and before.value not in (Value.FLAG, Value.COUNT):
            return [word for word in self._values(before, typed) if word.startswith(typed)]
        if typed.startswith("-"):
            return [flag for flag in by_flag if flag.startswith(typed) and flag not in said]
        arguments = [one for one in declared if isinstance(one, CommandArgument)]
        found = [word for one in arguments for word in self._words(one, typed)]
        if UPSTREAM in declared and "." in typed:
            found += self._columns(typed.rpartition(".")[0])
        return [word for word in found or by_flag if word.startswith(typed)]

    def _values(self, option: Option, typed: str) -> Iterable[str]:
        if option.names is not None:
            return self._named(option.names)
        match option.value:
            case Value.CHOICE:
                return option.choices
            case Value.FILE:
                suffixes = (".toml",) if option == CONFIG else None
                return _paths(typed, suffixes)
            case Value.FOLDER:
                return _paths(typed, ())
            case _:
                return ()

    def _words(self, argument: CommandArgument, typed: str) -> Iterable[str]:
        if argument.names is not None:
            return self._named(argument.names)
        if argument == PLAN_FILE:
            return _paths(typed, (".json",))
        if "|" in argument.metavar and argument.metavar.islower():
            return argument.metavar.split("|")
        return ()

    def _named(self, kind: Names) -> Iterable[str]:
        if kind is Names.OBJECT:
            return self._objects()
        return (mask_secrets(name) for name in candidates(kind, self._settings()))

    def _settings(self) -> Settings:
        return self._session.settings({})

    def _objects(self) -> tuple[str, ...]:
        """Return object names: all once connected; before that the declared ones, because TAB starts no server."""
        project = self._session.current
        if project is None:
            return candidates(Names.OBJECT, self._settings())
        known, now = self._names, time.monotonic()
        if known is None or known[1] is not project or now - known[0] > _FRESH:
            known = self._names = (now, project, one_word(str(node.object) for node in project.graph().nodes))
        return known[2]

    def _columns(self, owner: str) -> list[str]:
        """Return the columns of a relation, prefixed by the relation's name as typed."""
        project = self._session.current
        if project is None or owner.lower() in {kind.value for kind in Kind}:
            return []
        known, now = self._owner_columns, time.monotonic()
        if known is None or known[1:3] != (project, owner) or now - known[0] > _FRESH:
            try:
                asked = project.graph([f"{owner}.*"], upstream=0).asked
            except UnknownObjectError:
                asked = ()
            names = one_word(f"{owner}.{spell(name.name)}" for name in asked)
            known = self._owner_columns = (now, project, owner, names)
        return list(known[3])


def _paths(typed: str, suffixes: tuple[str, ...] | None) -> Iterable[str]:
    """Return folders, and files with one of the suffixes (None: all), whose path begins as typed."""
    head, _, tail = typed.rpartition("/")
    folder = Path(f"{head}/" if head or typed.startswith("/") else ".").expanduser()
    lead = typed[: len(typed) - len(tail)]
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name.startswith(".") and not tail.startswith("."):
            continue
        if entry.is_dir():
            yield f"{lead}{entry.name}/"
        elif suffixes is None or entry.suffix in suffixes:
            yield f"{lead}{entry.name}"
