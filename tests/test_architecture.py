"""The house keeps its rules: layers, homes of libraries, cheap imports, small modules, complete registries."""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import subprocess
import sys
from collections import defaultdict
from itertools import takewhile
from pathlib import Path

import networkx as nx
import pytest

import pgmg
from pgmg.model.naming.names import Kind

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pgmg_magic" / "pgmg"
MODULES = sorted(PACKAGE.rglob("*.py"))
DECLARED = (*takewhile(lambda kind: kind is not Kind.DEFAULT_PRIVILEGES, Kind), Kind.DEFAULT_PRIVILEGES)
HEAVY = {"IPython", "graphviz", "ipywidgets", "jinja2", "sqlglot", "traitlets", "wasmtime", "watchfiles"}
LIBRARIES = HEAVY | {"click", "google.protobuf", "networkx", "postgast", "psycopg", "rich"}

loaded = """
import json, runpy, sys
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules_after(code, **environment):
    """The names of the modules that a fresh Python has loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", loaded.format(code=code)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def of_program(*words):
    return f"sys.argv = {['pgmg', *words]!r}; runpy.run_module('pgmg', run_name='__main__')"


def relative(path):
    return str(path.relative_to(PACKAGE))


def test_imports_run_one_way_and_each_library_has_one_home():
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_pgmg_loads_no_library():
    assert modules_after("import pgmg") & LIBRARIES == set()


def test_showing_help_loads_nothing_but_click():
    assert modules_after(of_program("--help")) & LIBRARIES == {"click"}


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_a_command_loads_nothing_that_it_does_not_use(project, command):
    project.write("sql/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    found = modules_after(of_program(command, f"--config={project.root}/pgmg.toml"), PGMG_CONNECTION_STRING=project.dsn)
    assert found & HEAVY == set()


IDLE_MODULES = 113
"""How many modules of pgmg a plan with nothing to do may load: each of them is time before the first word."""


def test_a_plan_with_nothing_to_do_loads_no_parser_and_few_modules(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/one.sql", "CREATE VIEW one AS SELECT id FROM t;")
    project.apply()
    found = modules_after(of_program("plan", f"--config={project.root}/pgmg.toml"), PGMG_CONNECTION_STRING=project.dsn)
    assert found & LIBRARIES == {"click", "psycopg"}
    own = sorted(name for name in found if name.startswith("pgmg."))
    assert len(own) <= IDLE_MODULES, own


def test_public_names_are_sorted_and_importable():
    assert list(pgmg.__all__) == sorted(pgmg.__all__)
    for name in pgmg.__all__:
        assert getattr(pgmg, name) is not None


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_begins_by_saying_what_it_is_for(path):
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert said, "no docstring"
    assert said.splitlines()[0].endswith((".", "…")), "its first line is not a sentence"


def definitions(tree: ast.Module) -> list[str]:
    """The classes of a module, and its names for types (`Row = tuple[str, str]`), but not the private ones."""
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    aliases = [
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Subscript)
    ]
    return [name for name in (*classes, *aliases) if name[0].isupper() and not name.isupper()]


def test_a_name_means_one_class():
    places = defaultdict(list)
    for path in MODULES:
        for name in definitions(ast.parse(path.read_text(encoding="utf-8"))):
            places[name].append(relative(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_module_is_told_from_others_by_its_file_name():
    """As on the tabs of an editor."""
    places = defaultdict(list)
    for path in MODULES:
        if not path.name.startswith("__"):
            places[path.name].append(relative(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def subjects(node: ast.ClassDef) -> list[int]:
    """The sizes of the groups of methods that share attributes or call one another, the largest first."""
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef) and m.name != "__init__"}
    shared = nx.Graph()
    shared.add_nodes_from(methods)
    for name, method in methods.items():
        for used in ast.walk(method):
            if isinstance(used, ast.Attribute) and isinstance(used.value, ast.Name) and used.value.id == "self":
                shared.add_edge(name, used.attr if used.attr in methods else f".{used.attr}")
    groups = nx.connected_components(shared)
    return sorted((len(group & methods.keys()) for group in groups), reverse=True)


FULL = 20
"""Modules that a folder may hold before it is divided by subject."""


def test_a_folder_is_divided_before_it_is_full():
    """A folder whose modules are one of a kind each, such as the kinds of object, may hold more."""
    held = {folder: len(list(folder.glob("[!_]*.py"))) for folder in {path.parent for path in MODULES}}
    too_full = {relative(folder): number for folder, number in held.items() if number > FULL}
    assert set(too_full) == {"source/kinds"}


LARGE = 150
"""Lines of a class from which on it might be two."""


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_large_class_has_one_subject(path):
    """Its methods work on the same attributes: a second group of some size would be a class of its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.end_lineno - node.lineno > LARGE:
            first, *others = subjects(node)
            assert all(size < first / 4 for size in others), f"{node.name}: {first}, {others}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_long_module_has_one_door(path):
    """Who reads 400 lines reads them for the sake of a few names."""
    text = path.read_text(encoding="utf-8")
    defined = [n for n in ast.parse(text).body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name[0] != "_"]
    assert len(text.splitlines()) <= 400 or len(defined) <= 3


def test_every_kind_of_source_module_is_registered():
    from pgmg.source import kinds

    found = {module.name for module in pkgutil.iter_modules(kinds.__path__)}
    readers = [reader for name in found - {"base"} for reader in getattr(kinds, name).READERS]
    assert sorted(readers) == sorted(kinds.readers())


def test_every_declared_kind_has_rules_for_changing_it():
    from pgmg.planning import kinds

    assert set(DECLARED) - set(kinds.registry()) == set()
