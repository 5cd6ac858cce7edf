"""Builds click commands from functions and declared options."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

from pgmg.cli import error_report
from pgmg.cli.completion import completer
from pgmg.cli.invocation import Call, no_color_asked
from pgmg.options import SETTINGS, CommandArgument, Option, Value

Body = Callable[..., int | None]
"""The function of a command: takes a `Call` and its own options, returns an exit code or None for 0."""

_SETTINGS = frozenset(option.name for option in SETTINGS)


def command(name: str, *declared: Option | CommandArgument, example: str) -> Callable[[Body], click.Command]:
    """Return a decorator that makes a command of a function; its docstring is the help, followed by `example`."""

    def make(body: Body) -> click.Command:
        def callback(**values: object) -> int:
            call, own = _split(values)
            return error_report.run_guarded(call, lambda: body(call, **own))

        return click.Command(
            name,
            callback=callback,
            params=[_parameter(one) for one in declared],
            help=inspect.getdoc(body),
            epilog=f"\b\nExample:\n  {example}",
            context_settings={"help_option_names": ["--help", "-h"]},
        )

    return make


def _split(values: dict[str, object]) -> tuple[Call, dict[str, object]]:
    """Split `values` into the common options, as a `Call`, and the command's own."""
    overrides = {key: values.pop(key) for key in tuple(values) if key in _SETTINGS}
    config, environment = values.pop("config", None), values.pop("environment", None)
    form = values.pop("format", None)
    spoken = int(str(values.pop("verbose", 0))) - int(str(values.pop("quiet", 0)))
    call = Call(
        overrides={key: value for key, value in overrides.items() if value is not None},
        config=config if isinstance(config, Path) else None,
        environment=environment if isinstance(environment, str) else None,
        json=form == "json",
        report=form if form in ("markdown", "html") else None,
        verbosity=spoken,
        no_color=bool(values.pop("no_color", False)) or no_color_asked(),
    )
    return call, values


def _parameter(declared: Option | CommandArgument) -> click.Parameter:
    if isinstance(declared, CommandArgument):
        return click.Argument(
            [declared.name],
            metavar=declared.shown,
            required=declared.required,
            nargs=-1 if declared.many else 1,
            type=_type(declared.value, ()),
            shell_complete=completer(declared),
        )
    spellings = [*declared.flags]
    if declared.off:
        spellings[0] += f"/{declared.off}"
    return click.Option(
        [*spellings, declared.name],
        help=f"{declared.help}  [default: {default}]" if (default := declared.shown_default) else declared.help,
        metavar=declared.metavar,
        is_flag=declared.value is Value.FLAG,
        count=declared.value is Value.COUNT,
        default=_default(declared),
        multiple=declared.repeated,
        nargs=declared.words,
        type=_type(declared.value, declared.choices),
        show_default=False,
        shell_complete=completer(declared),
    )


def _default(option: Option) -> object:
    match option.value:
        case Value.FLAG:
            return bool(option.default)
        case Value.COUNT:
            return 0
        case _:
            return option.default


if TYPE_CHECKING:
    _Number = click.ParamType[int]
else:
    _Number = click.ParamType  # in older versions it is not generic


class WholeNumber(_Number):
    """A whole number, 0 or more; unlike `click.IntRange` it adds nothing to the help text."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if not (text.isascii() and text.isdigit()):
            self.fail(f"{text!r} is not a whole number, 0 or more.", param, ctx)
        return int(text)


class FilePath(click.Path):
    """A file or a folder; what no system takes as a name is refused before the system is asked."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path."""
        if "\0" in os.fspath(value):
            self.fail("the name of a file holds no null character.", param, ctx)
        return super().convert(value, param, ctx)


def _type(value: Value, choices: tuple[str, ...]) -> click.ParamType[Any]:
    match value:
        case Value.FLAG:
            return click.BOOL
        case Value.COUNT:
            return click.IntRange(min=0)
        case Value.TEXT:
            return click.STRING
        case Value.NUMBER:
            return WholeNumber()
        case Value.CHOICE:
            return click.Choice(choices)
        case Value.FILE:
            return FilePath(dir_okay=False, path_type=Path)
        case Value.FOLDER:
            return FilePath(file_okay=False, path_type=Path)
        case _:
            assert_never(value)
