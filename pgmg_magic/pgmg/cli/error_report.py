"""Reports failures: one message on standard error and one exit code; passwords are masked."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from pgmg.cli.signals import Terminated
from pgmg.config import passwords
from pgmg.errors import DeclinedError, PgmgError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.cli.invocation import Call

FAILED, WRONG_USAGE, PENDING, DECLINED, UNPROVED = 1, 2, 3, 4, 5
"""Exit codes."""

PIPE_CLOSED = 141
HUNG_UP, INTERRUPTED, TERMINATED = 129, 130, 143
"""Exit codes of programs ended by a signal: 128 and the number of the signal."""


class FileError(PgmgError):
    """A file or folder cannot be read or written."""

    code = "file"


class UnexpectedError(PgmgError):
    """A bug in pgmg."""

    code = "unexpected"


def run_guarded(call: Call, body: Callable[[], int | None]) -> int:
    """Run a command and report its exceptions; return the exit code."""
    try:
        return body() or 0
    except BrokenPipeError:
        # the reader has closed the pipe; Python must not flush the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - the outermost handler: users get a message, not a traceback
        return report(error, call)


def report(error: Exception, call: Call) -> int:
    """Print an error on standard error, and with `--format json` also on standard output."""
    secrets = passwords(str(call.overrides.get("connection_string") or ""), os.environ)
    secrets += passwords(os.environ.get("PGMG_CONNECTION_STRING"))
    problem = _as_pgmg_error(error)
    if isinstance(problem, UnexpectedError) and call.verbosity > 1:
        import traceback

        _print_error(_shown("".join(traceback.format_exception(error)), secrets), call)
    lead = "" if isinstance(problem, DeclinedError) else click.style("error:", fg="red", bold=True) + " "
    _print_error(lead + _shown(str(problem), secrets), call)
    if call.json:
        from pgmg.render.json import documents

        click.echo(documents.dumps({"error": _masked_in(documents.error_document(problem)["error"], secrets)}))
    return _exit_code(problem)


def report_usage(error: click.ClickException, call: Call) -> int:
    """Report an invalid command line."""
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if isinstance(context, click.Context) else "pgmg --help"
    return report(UsageError(error.format_message(), hint=hint), call)


def interrupted(cause: BaseException | None, call: Call) -> int:
    """Report an interruption by the keyboard or a signal, with what its notes say of an apply; return the exit code."""
    number = cause.number if isinstance(cause, Terminated) else signal.SIGINT
    said = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    _print_error(_shown(". ".join((said, *getattr(cause, "__notes__", ()))), ()), call)
    return by_signal(number)


def by_signal(number: int) -> int:
    """Return the exit code of a program that a signal has ended."""
    return 128 + number


def _as_pgmg_error(error: Exception) -> PgmgError:
    match error:
        case PgmgError():
            return error
        case OSError() if error.strerror is not None:
            what = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
            return FileError(f"{what}{error.strerror}")
        case _:
            message = f"Unexpected {type(error).__name__}: {error}"
            return UnexpectedError(message, hint="-vv shows the traceback; please report it with that")


def _exit_code(problem: PgmgError) -> int:
    match problem:
        case UsageError():
            return WRONG_USAGE
        case DeclinedError():
            return DECLINED
        case _:
            return FAILED


def _shown(text: str, secrets: tuple[str, ...]) -> str:
    from pgmg.render import sanitize

    return sanitize.shortened(_masked(text, secrets))


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    from pgmg.render import sanitize

    return sanitize.sanitize_block(sanitize.mask_secrets(text, secrets))


def _masked_in(part: Any, secrets: tuple[str, ...]) -> Any:
    """Mask passwords in each text of a document separately: a pattern must not match across texts."""
    match part:
        case str():
            return _masked(part, secrets)
        case list():
            return [_masked_in(one, secrets) for one in part]
        case dict():
            return {key: _masked_in(value, secrets) for key, value in part.items()}
        case _:
            return part


def _print_error(text: str, call: Call) -> None:
    click.echo(text, err=True, color=False if call.no_color else None)
