"""Opens the project of a command and loads its settings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg import config
from pgmg.errors import ConfigError
from pgmg.model.plans.plan import PlanOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.cli.invocation import Call
    from pgmg.project import Project

_NO_SERVER = "No server is configured, and the embedded one is only used on a terminal"
_CONFIGURE = (
    "set PGMG_CONNECTION_STRING, connection_string in pgmg.toml or --connection-string; "
    "embedded: is PostgreSQL in the folder .pgmg/"
)


@contextmanager
def open_project(call: Call) -> Iterator[Project]:
    """Open the project of the current folder, and close it afterwards.

    If no server is configured, a terminal gets the embedded one; elsewhere that is an error, because a forgotten
    variable must not look like success. The embedded server is always named on standard error.

    Raises:
        ConfigError: no server is configured and there is no terminal.
    """
    from pgmg.project import Project

    overrides = dict(call.overrides)
    if load_settings(call).connection_string is None:
        if not call.attended:
            raise ConfigError(_NO_SERVER, hint=_CONFIGURE)
        overrides["connection_string"] = config.EMBEDDED
    with Project.open(".", config=call.config, environment=call.environment, **overrides) as project:
        if call.verbosity > 0 or (project.settings.connection_string or "").startswith(config.EMBEDDED):
            call.info(f"Server: {project.server}")
        yield project


def load_settings(call: Call) -> config.Settings:
    """Return the settings, for commands that need no server."""
    return config.load(".", config=call.config, environment=call.environment, overrides=call.overrides)


def plan_options(project: Project, *, drop_unmanaged: bool, rewrite_tables: bool) -> PlanOptions:
    """Return the plan options from settings and command line."""
    rewrites = rewrite_tables or project.settings.allows_rewrites
    return PlanOptions(project.settings.recreate, drop_unmanaged=drop_unmanaged, rewrite_tables=rewrites)
