"""Parses a magic's line; magics and commands share the declarations of options."""

from __future__ import annotations

import argparse
import io
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.magic_arguments import MagicArgumentParser

from pgmg.errors import UsageError
from pgmg.model.secrets import mask_secrets
from pgmg.notebook.magic_commands.magic_hints import as_magics
from pgmg.options import CommandArgument, Option, Value

if TYPE_CHECKING:
    from pgmg.model.results.graph_data import Graph

Parameters = Sequence[Option | CommandArgument]
_FLAG = re.compile(r"(?P<flag>--?[A-Za-z][\w-]*)(?P<value>=\S*)?(?=\s|\Z)")


class _Parser(MagicArgumentParser):
    def format_help(self) -> str:
        return as_magics(super().format_help())

    def error(self, message: str) -> NoReturn:
        raise UsageError(mask_secrets(message), hint=f"%{self.prog}? shows the options.")


def parser_of(name: str, text: str, declared: Parameters) -> _Parser:
    """Return the parser of a magic; `text` is its description."""
    parser: _Parser = _Parser(prog=name, description=text)  # type: ignore[no-untyped-call]
    parser.allow_abbrev = False
    for one in declared:
        if isinstance(one, CommandArgument):
            metavar, nargs = one.metavar.strip("[]"), "*" if one.many else "?"
            parser.add_argument(one.name, metavar=metavar, nargs=nargs, type=_type(one.value))
        else:
            _add(parser, one)
    return parser


def words_of(line: str, name: str) -> list[str]:
    """Split a magic's line into words like a shell, with quotes.

    Raises:
        UsageError: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"The line after %{name} cannot be split: {error}", hint="Close the quote.") from None


def parse(parser: argparse.ArgumentParser, line: str) -> dict[str, Any]:
    """Return the values of a line by their names.

    Raises:
        UsageError: an option or argument is invalid.
    """
    return vars(parser.parse_args(words_of(line, parser.prog)))


def options_and_text(declared: Parameters, line: str, name: str) -> tuple[str, str]:
    """Split a line into its options and the text after them, which is not split into words.

    Raises:
        UsageError: a quote in an option's value is not closed.
    """
    taking = {
        flag: one.words
        for one in declared
        if isinstance(one, Option) and one.value not in (Value.FLAG, Value.COUNT)
        for flag in one.flags
    }
    rest = line.lstrip()
    while found := _FLAG.match(rest):
        end = found.end()
        for _ in range(0 if found["value"] is not None else taking.get(found["flag"], 0)):
            end += _word_length(rest[end:], name)
        rest = rest[end:].lstrip()
    return line[: len(line) - len(rest)], rest


def _word_length(text: str, name: str) -> int:
    """Return how many characters the first word has in a shell's syntax, with the spaces before it."""
    stream = io.StringIO(text)
    lexer = shlex.shlex(stream, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        lexer.get_token()
    except ValueError as error:
        raise UsageError(f"The line after %{name} cannot be split: {error}", hint="Close the quote.") from None
    return stream.tell()  # after the word and one separator


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    default = f" [default: {option.shown_default}]" if option.shown_default else ""
    text = f"{option.help}{default}".replace("%", "%%")
    match option.value:
        case Value.FLAG:
            parser.add_argument(*option.flags, dest=option.name, action="store_true", help=text)
        case Value.COUNT:
            parser.add_argument(*option.flags, dest=option.name, action="count", default=0, help=text)
        case _:
            parser.add_argument(
                *option.flags,
                dest=option.name,
                help=text,
                metavar=None if option.choices else option.metavar or "TEXT",
                choices=option.choices or None,
                default=option.default,
                type=_type(option.value),
                action="append" if option.repeated else "store",
                nargs=option.words if option.words > 1 else None,
            )


def _type(value: Value) -> Any:
    match value:
        case Value.NUMBER:
            return _number
        case Value.FILE | Value.FOLDER:
            return Path
        case _:
            return str


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def drawing_for(path: Path | None) -> Callable[[Graph], bytes]:
    """Return what draws a graph for a file of this name.

    Raises:
        UsageError: its suffix is unknown.
    """
    from pgmg.render.graph.formats import file_writer

    found = file_writer(".dot" if path is None else path.suffix)
    if found is None:
        raise UsageError(f"{path}: unknown picture format", hint="Use .svg, .png, .html, .dot or .mmd.")
    return found
