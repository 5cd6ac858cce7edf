"""Parses a magic's line by the declarations that the command line's options are made from."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.magic_arguments import MagicArgumentParser

from pgmg.config import mask
from pgmg.errors import UsageError
from pgmg.options import Argument, Option, Value

Declared = Sequence[Option | Argument]


class _Parser(MagicArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(mask(message), hint=f"%{self.prog}? shows what there is.")


def parser_of(name: str, text: str, declared: Declared) -> _Parser:
    """Make the parser of a magic; `text` says what the magic does."""
    parser: _Parser = _Parser(prog=name, description=text)  # type: ignore[no-untyped-call]
    parser.allow_abbrev = False
    for one in declared:
        if isinstance(one, Argument):
            metavar, nargs = one.metavar.strip("[]"), "*" if one.many else "?"
            parser.add_argument(one.name, metavar=metavar, nargs=nargs, type=_type(one.value))
        else:
            _add(parser, one)
    return parser


def words_of(line: str, name: str) -> list[str]:
    """Split a magic's line as a shell would: quotes keep words together.

    Raises:
        UsageError: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"The words after %{name} cannot be told apart: {error}", hint="Is a quote open?") from None


def parse(parser: argparse.ArgumentParser, line: str) -> dict[str, Any]:
    """Return the values of a line by their names.

    Raises:
        UsageError: the words are off.
    """
    return vars(parser.parse_args(words_of(line, parser.prog)))


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    text = option.help.replace("%", "%%")
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
