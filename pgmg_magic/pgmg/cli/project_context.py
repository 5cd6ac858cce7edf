"""The one place where commands open a project and find its settings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg import config
from pgmg.errors import ConfigError
from pgmg.model.plan import PlanOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.cli.invocation import Call
    from pgmg.project import Project

_NO_SERVER = "No server is named, and there is no terminal to start the embedded one for"
_NAME_ONE = (
    "set PGMG_CONNECTION_STRING, connection_string in pgmg.toml or --connection-string; "
    "embedded: is PostgreSQL in the folder .pgmg/"
)


@contextmanager
def open_project(call: Call) -> Iterator[Project]:
    """Open the project of the current folder, and close it.

    Where nothing names a server, a terminal gets the embedded one; elsewhere that is an error, because a forgotten
    variable must not look like success. The embedded server is named first of all.
    """
    from pgmg.project import Project

    overrides = dict(call.overrides)
    if load_settings(call).connection_string is None:
        if not call.interactive:
            raise ConfigError(_NO_SERVER, hint=_NAME_ONE)
        overrides["connection_string"] = config.EMBEDDED
    with Project.open(".", config=call.config, environment=call.environment, **overrides) as project:
        if call.verbosity > 0 or (project.settings.connection_string or "").startswith(config.EMBEDDED):
            call.info(f"Server: {project.server}")
        yield project


def load_settings(call: Call) -> config.Settings:
    """Return the settings, for what needs no server."""
    return config.load(".", config=call.config, environment=call.environment, overrides=call.overrides)


def plan_options(project: Project, *, drop_unmanaged: bool, rewrite_tables: bool) -> PlanOptions:
    """Return what shapes a plan: the settings' mode and the options that only a call can give."""
    return PlanOptions(project.settings.recreate, drop_unmanaged=drop_unmanaged, rewrite_tables=rewrite_tables)
