"""The public names are typed as users meet them, and the tables of public fields are true."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pgmg
from tests.docs import reading
from tests.docs.reading import readme

HERE = Path(__file__).parent
WRONG = {
    "missing = pgmg.Nothing": "Nothing",
    "pgmg.Project.open(3)": "open",
    'pgmg.Project.open(".").plan("required")': "plan",
    'wrong: int = pgmg.Project.open(".").plan().fingerprint': "int",
    'pgmg.Project.open(".").plan().records': "records",
    'pgmg.Project.open(".").plan().steps[0].runtime': "runtime",
    'pgmg.Project.open(".").plan_files([])': "plan_files",
    'pgmg.Project.open(".").apply().plan.inputs': "inputs",
}
STUB = ast.parse((Path(pgmg.__file__).parent / "__init__.pyi").read_text())
STUBS = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
INTERNAL = {
    "Plan": "basis bodies breaches effects first_locks inputs rebaseline records rehearsal removed removed_names star_readers",
    "Step": "beside completes_migration first_statement migration migration_statements noticed_by properties runtime "
    "source unread whole",
    "Project": "apply_files attributes_in change_records check declared plan_files reloaded_settings settings "
    "site with_bodies with_settings",
}
"""Names of these classes that are not for users; a new one has to be put here or into the stub."""


def checked(path, tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={tmp_path}", str(path)]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout


def test_code_of_users_is_well_typed_and_mistakes_are_found(tmp_path):
    assert checked(HERE / "user_code.py", tmp_path) == ""
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import pgmg\n" + "\n".join(WRONG) + "\n")
    told = checked(wrong, tmp_path)
    for number, part in enumerate(WRONG.values(), 2):
        assert re.search(rf"^wrong\.py:{number}: error: .*{part}", told.replace(f"{tmp_path}/", ""), re.MULTILINE), told


def members(stub):
    """The names that a class of the stub has, with their nodes."""
    return {
        node.target.id if isinstance(node, ast.AnnAssign) else node.name: node
        for node in stub.body
        if isinstance(node, ast.AnnAssign | ast.FunctionDef)
    }


def test_the_stub_has_the_public_names():
    imported = {alias.asname for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    own = {node.name for node in STUB.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    own |= {node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign)}
    assert (imported - {None}) | own == set(pgmg.__all__)
    assert all(hasattr(pgmg, name) for name in pgmg.__all__)


@pytest.mark.parametrize("name", STUBS)
def test_a_class_of_the_stub_is_that_of_the_package_without_its_internal_names(name):
    kind, stub = getattr(pgmg, name), members(STUBS[name])
    there = {one for one in dir(kind) if not one.startswith("_")}
    if dataclasses.is_dataclass(kind):
        there |= {field.name for field in dataclasses.fields(kind)}
    public = {one for one in stub if not one.startswith("_")} - {"root"}
    assert there - public == set(INTERNAL.get(name, "").split()) - {"settings"}
    assert public <= there
    annotated = {field.name: field.type for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}
    for one, node in stub.items():
        if isinstance(node, ast.AnnAssign) or one in annotated:
            said = node.annotation if isinstance(node, ast.AnnAssign) else node.returns
            assert one not in annotated or ast.unparse(said) == annotated[one]
            continue
        found = inspect.getattr_static(kind, one)
        found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        said, meant = inspect.signature(found), node.args
        names = [arg.arg for arg in (*meant.args, *meant.kwonlyargs, *([meant.kwarg] if meant.kwarg else []))]
        assert names == list(said.parameters)
        assert {arg.arg for arg in meant.kwonlyargs} == {
            each.name for each in said.parameters.values() if each.kind is each.KEYWORD_ONLY
        }
        types = {arg.arg: arg.annotation for arg in (*meant.args, *meant.kwonlyargs) if arg.annotation is not None}
        for parameter, text in types.items():
            if parameter != "resume":  # an enum inside, two words for users
                assert ast.unparse(text) == said.parameters[parameter].annotation
        if one != "connect":  # an alias inside
            assert ast.unparse(node.returns) == said.return_annotation
        defaults = [ast.literal_eval(one) for one in (*meant.defaults, *meant.kw_defaults) if one is not None]
        assert defaults == [each.default for each in said.parameters.values() if each.default is not each.empty]


@pytest.mark.parametrize("row", readme().section("Python").table("class"), ids=lambda row: row[0])
def test_public_fields_exist(row):
    (name,) = reading.codes(row[0])
    kind = getattr(pgmg, name)
    there = {field.name for field in dataclasses.fields(kind)} | {f"{one}()" for one in dir(kind)} | set(dir(kind))
    assert set(reading.codes(row[1])) <= there


def test_every_event_is_public_and_named():
    events = {kind.__name__ for kind in pgmg.Event.__args__}
    assert events <= set(pgmg.__all__)
    assert events <= set(reading.codes(readme().section("Python").text))


def test_every_method_of_a_project_that_is_named_exists():
    text = readme().section("Python").text.partition("```")[0]
    assert {name for name in reading.codes(text) if name.islower() and "." not in name} - {"format"} <= set(
        dir(pgmg.Project)
    ) | {"pgmg"}
