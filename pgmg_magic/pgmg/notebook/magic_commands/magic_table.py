"""The magics' names and parameters: what is parsed, completed, and named in hints."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg import options as o

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.notebook.magic_commands.arguments import Parameters

ASK = o.Option(("--ask",), "Show the plan with its buttons first.", o.Value.FLAG)
"""Only for magics: a command asks on the terminal."""
_CONNECTION = o.CommandArgument("connection", "CONNECTION|ENVIRONMENT", names=o.Names.CONNECTION)
_ACTION = o.CommandArgument("action", "start|stop|status")
_QUERY = o.CommandArgument("query", "QUERY", many=True)
_PATH = o.CommandArgument("path", "PATH", value=o.Value.FILE, names=o.Names.CODE_FILE)
_PLACE = (*o.FOLDERS, o.CONFIG, o.ENVIRONMENT)
_HOW = (*o.PLAN_SHAPE, *o.TIMEOUTS, *o.PROJECT)

PARAMETERS: Mapping[str, Parameters] = MappingProxyType(
    {
        "pgmg_init": o.FOLDERS,
        "pgmg_new": (o.NEW_NAME, *_PLACE),
        "pgmg_check": (o.FILES, *_PLACE),
        "pgmg_baseline": (o.MIGRATION, *o.RECORD_CHANGES, o.YES, *o.PROJECT),
        "pgmg_connect": (_CONNECTION, o.JUPYSQL, *_PLACE),
        "pgmg_plan": (*o.PLAN_SHAPE, *o.REHEARSAL, o.READERS, o.OUT, o.OUTPUT_GRAPH, *o.PROJECT),
        "pgmg_apply": (o.PLAN_FILE, ASK, o.YES, o.DRY_RUN, o.RESUME, o.NOTE, *_HOW),
        "pgmg_status": o.PROJECT,
        "pgmg_diff": (o.OBJECTS, *o.ROW_OPTIONS, *o.PROJECT),
        "pgmg_sql": (_PATH, *o.CELL, *_HOW),
        "pgmg_query": (_QUERY, *o.QUERY, *o.PROJECT),
        "pgmg_watch": (_ACTION, *o.WATCH, *o.TIMEOUTS, *o.PROJECT),
        "pgmg_refresh": (o.OBJECTS, o.CONCURRENTLY, *o.TIMEOUTS, *o.PROJECT),
        "pgmg_import": (o.OBJECTS, *o.IMPORT, *o.PROJECT),
        "pgmg_history": (o.OBJECT, *o.PROJECT),
        "pgmg_docs": (o.DOCS_FOLDER, *o.PROJECT),
        "pgmg_graph": (o.OBJECTS, *o.NEIGHBOURHOOD, o.OUTPUT, *o.PROJECT),
    }
)
