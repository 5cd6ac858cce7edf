"""Completion of objects, migrations and environments in a shell, from files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import PgmgError
from pgmg.options import CODE_DIR, MIGRATIONS_DIR, Names

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from pgmg.config import Settings
    from pgmg.options import CommandArgument, Option


def completer(
    declared: Option | CommandArgument,
) -> Callable[[click.Context, click.Parameter, str], list[str]] | None:
    """Return the function that completes a parameter; None if click's own completion is enough."""
    kind = declared.names
    if kind is None:
        return None

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        from pgmg.candidates import candidates, environments

        try:
            if kind is Names.ENVIRONMENT:
                found = environments(_settings(context, environment="").config_path)
            else:
                found = candidates(kind, _settings(context, context.params.get("environment")))
        except (PgmgError, OSError):
            return []  # a shell has no place for errors
        return sorted(name for name in found if name.startswith(incomplete))

    return complete


def _settings(context: click.Context, environment: str | None) -> Settings:
    """Return the settings that the words typed so far choose; an empty environment chooses none."""
    from pgmg import config

    folders = {option.name: context.params.get(option.name) for option in (MIGRATIONS_DIR, CODE_DIR)}
    return config.load(".", config=context.params.get("config"), environment=environment, overrides=folders)
