"""Parses a magic's line; magics and commands share the declarations of options."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.magic_arguments import MagicArgumentParser

from pgmg.errors import UsageError
from pgmg.model.secrets import mask_secrets
from pgmg.options import Argument, Option, Value

Parameters = Sequence[Option | Argument]


class _Parser(MagicArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(mask_secrets(message), hint=f"%{self.prog}? shows the options.")


def parser_of(name: str, text: str, declared: Parameters) -> _Parser:
    """Return the parser of a magic; `text` is its description."""
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
