"""Every error pgmg raises on purpose: what happened, where, and what to do next (rule 11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.naming.names import ObjectName


class PgmgError(Exception):
    """Base of all errors. `message` is one paragraph, `hint` says what to do next, `where` a place in a file."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, where: SourceLocation | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """All of it as plain text: `file:line:column: message`, the line with its caret, the hint."""
        parts = [self.message if self.where is None else f"{self.where}: {self.message}"]
        if self.where is not None and (caret := self.where.caret()):
            parts.append(caret)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


class UsageError(PgmgError):
    """The call's words are off (exit code 2)."""

    code = "usage"


class ConfigError(PgmgError):
    """`pgmg.toml`, an environment variable or a folder is not usable."""

    code = "config"


class ConnectionFailedError(PgmgError):
    """No server, wrong password, no such database. Never holds a password."""

    code = "connection"


class EmbeddedServerError(PgmgError):
    """The embedded server cannot be installed, started or written to."""

    code = "embedded-server"


class SourceError(PgmgError):
    """One problem in one file (rule 1)."""

    code = "source"


class SyntaxProblem(SourceError):
    """The grammar does not accept a statement (rule 1.6)."""

    code = "syntax"


class RefusedStatement(SourceError):
    """A statement that does not belong under the code folder or in a migration (rules 1.4, 9.7)."""

    code = "refused-statement"


class DuplicateObject(SourceError):
    """The same object is declared twice (rule 1.5), in the files `paths`."""

    code = "duplicate"

    def __init__(
        self, message: str, *, where: SourceLocation | None = None, hint: str | None = None, paths: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.paths = paths


class SourceErrors(PgmgError):
    """Problems in files, reported together (rule 1.6). `problems` is never empty; a single one gives its place."""

    code = "source"

    def __init__(self, problems: tuple[SourceError, ...]) -> None:
        if len(problems) == 1:
            super().__init__(problems[0].message, where=problems[0].where, hint=problems[0].hint)
        else:
            super().__init__("\n\n".join(str(problem) for problem in problems))
        self.problems = problems


class PlanError(PgmgError):
    """The change cannot be planned; if the objects `blame` were left as they are, the rest could be."""

    code = "plan"

    def __init__(
        self,
        message: str,
        *,
        where: SourceLocation | None = None,
        hint: str | None = None,
        blame: tuple[ObjectName, ...] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.blame = blame


class CycleError(PlanError):
    """Hard dependencies form a circle (rule 2.5)."""

    code = "cycle"


class RefusedChange(PlanError):
    """pgmg will not do this without being told to (rules 5, 11.1)."""

    code = "refused"


class RenamedMigration(PlanError):
    """A pending migration is a recorded one under a new name (rule 3.4)."""

    code = "migration-renamed"


class OtherProject(PlanError):
    """The database has records of another project's migrations, and of none of this one's (rule 3.7)."""

    code = "other-project"


class UnknownObjectError(PgmgError):
    """No object of that name; the hint holds the nearest ones."""

    code = "unknown-object"


class StalePlanError(PgmgError):
    """The plan was made from something that has changed since (rule 9.4)."""

    code = "stale-plan"


class ApplyError(PgmgError):
    """The server refused a step; nothing was changed, or the message says which groups were.

    `sqlstate` is the server's code, `object` the name of the step's object.
    """

    code = "apply"

    def __init__(
        self,
        message: str,
        *,
        where: SourceLocation | None = None,
        hint: str | None = None,
        sqlstate: str | None = None,
        object: str | None = None,  # noqa: A002 - the field's name in every output
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.sqlstate = sqlstate
        self.object = object


class LockedError(ApplyError):
    """A lock was not had in time; the message names who holds it (rule 9.3)."""

    code = "locked"


class NotRestoredError(ApplyError):
    """Something around a recreated object did not come back as it was (rule 6.3)."""

    code = "not-restored"


class InsufficientPrivilegeError(ApplyError):
    """The role may not do this."""

    code = "permission"


class PoolerError(ApplyError):
    """A pooler stands between, and what is to run needs a session of its own."""

    code = "pooler"


class UnknownOutcomeError(ApplyError):
    """A migration outside a transaction was interrupted, and how far it came is not known (rule 9.2)."""

    code = "unknown-outcome"


class AssertionFailedError(ApplyError):
    """A query that a migration requires or ensures is not true (rule 9.8). Its transaction was rolled back."""

    code = "assertion"


class FailedOnCopyError(ApplyError):
    """A plan failed on a copy of the database.

    `omitted` are the server's messages about what the copy cannot hold, and `server_version` is the copy's.
    """

    def __init__(
        self, error: PgmgError, *, omitted: tuple[str, ...], server_version: str, hint: str | None = None
    ) -> None:
        known = {name: getattr(error, name, None) for name in ("sqlstate", "object")}
        super().__init__(error.message, where=error.where, hint=hint or error.hint, **known)
        self.omitted = omitted
        self.server_version = server_version


class RehearsalError(PgmgError):
    """A plan cannot be rehearsed: there can be no copy of the database."""

    code = "rehearsal"


class DeclinedError(PgmgError):
    """Somebody said no at the prompt (exit code 4)."""

    code = "declined"


class RowsError(PgmgError):
    """The rows of a query or view could not be read or compared. Nothing was changed."""

    code = "rows"


class DumpError(PgmgError):
    """pg_dump or pg_restore is missing or fails."""

    code = "dump"


class ImportRefused(PgmgError):
    """An import that would overwrite files, or whose result would not be what the database is."""

    code = "import-refused"


class ScratchError(PgmgError):
    """An empty database to try a project out on cannot be made."""

    code = "scratch"
