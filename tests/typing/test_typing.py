"""The public names are typed as users meet them, and the tables of public fields are true."""

from __future__ import annotations

import dataclasses
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
}


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
