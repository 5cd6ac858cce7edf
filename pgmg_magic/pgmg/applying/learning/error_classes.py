"""Which errors of the server mean what for a plan: the one table of SQLSTATEs (PostgreSQL manual, appendix A)."""

from __future__ import annotations

from psycopg import errors

UNDEFINED = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.InvalidSchemaName,
)
"""A name means nothing, or not yet."""

NO_LABEL = errors.InvalidTextRepresentation
"""A string is no label of an enum, or not yet."""

NO_CAST = (errors.CannotCoerce, errors.DatatypeMismatch)
"""No cast leads from one type to the other, or not yet."""

NOT_YET = (*UNDEFINED, NO_LABEL, *NO_CAST)
"""Something is missing that a later step may create: an object, a label of an enum, a cast."""

IN_USE = (errors.DependentObjectsStillExist, errors.FeatureNotSupported)
"""Other objects depend on what is dropped or altered."""

NOT_IN_PLACE = (errors.InvalidTableDefinition, errors.InvalidFunctionDefinition, *IN_USE)
"""A definition cannot be replaced by this one."""

WRONG_KIND = (errors.WrongObjectType, errors.FeatureNotSupported)
"""An object of another kind has the name, or still has it."""

GONE = (*UNDEFINED, errors.WrongObjectType)
"""The object to drop does not exist any more, or another object has its name."""

EXISTS = (errors.DuplicateTable, errors.DuplicateFunction, errors.DuplicateObject)
"""The object to create exists already."""

NO_UNIQUE_INDEX = (errors.InvalidColumnReference, errors.InvalidForeignKey, errors.ObjectNotInPrerequisiteState)
"""ON CONFLICT, a foreign key or a concurrent refresh finds no unique index."""

NEW_LABEL = errors.UnsafeNewEnumValueUsage
"""A label of an enum is used before it has been committed."""

TOO_DEEP = errors.StatementTooComplex
"""The server cannot print a definition that nests too deeply."""

DUPLICATE = (*EXISTS, errors.DuplicateSchema, errors.DuplicateColumn)
"""The object that a migration creates exists already."""

COLUMN_GONE = (errors.UndefinedColumn, errors.UndefinedObject)
"""The object of a comment or grant does not exist any more."""

DENIED = errors.InsufficientPrivilege

LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)
"""Another session holds a lock: the whole run is tried again."""

CONCURRENT_DDL = (errors.InternalError_, errors.SerializationFailure)
"""While planning: a catalog row has just been removed by another session."""

DONE_ALREADY = (
    errors.DuplicateTable,
    errors.UndefinedObject,
    errors.DuplicateObject,
    errors.DuplicateDatabase,
    errors.InvalidCatalogName,
)
"""A statement has been carried out already: what it creates exists, or what it drops does not."""

DETACHED = errors.UndefinedTable
"""A partition has been detached already."""

DETACHING = errors.ObjectNotInPrerequisiteState
"""The detachment of a partition was begun and not finished."""

NEEDS_NO_TRANSACTION = (errors.ActiveSqlTransaction, errors.InvalidTransactionTermination)
"""A statement ends transactions itself, or cannot run inside one."""

STOPPED = (errors.QueryCanceled, errors.AdminShutdown)
"""Somebody ended the statement or the session."""
