"""Real schemas parse, and what they declare is found. They stand beside the project, not in it."""

from pathlib import Path

import pytest

from pgmg.model.sources.source import CodeFile, MigrationFile
from pgmg.source import parse_code, parse_migration, parse_recorded, read_files

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
SCHEMAS = sorted(CORPORA.rglob("*.sql"))
PROJECTS = sorted(path.parent for path in CORPORA.glob("*/pgmg.toml"))

pytestmark = pytest.mark.skipif(not PROJECTS, reason="only for machines with the sample schemas")


def read(root):
    return read_files(root, root / "sql", root / "migrations")


@pytest.mark.parametrize("root", PROJECTS, ids=lambda path: path.name)
def test_every_file_parses(root):
    files = read(root)
    assert files.problems == ()
    assert len(parse_code(files.code)) >= len(files.code) > 30
    for file in files.migrations:
        assert parse_migration(file).statements


@pytest.mark.parametrize("root", PROJECTS, ids=lambda path: path.name)
def test_no_object_is_declared_twice(root):
    targets = [source.target for source in parse_code(read(root).code)]
    assert len(set(targets)) == len(targets)


@pytest.mark.parametrize("root", PROJECTS, ids=lambda path: path.name)
def test_what_is_recorded_of_an_object_declares_it_again(root):
    for source in parse_code(read(root).code):
        (again,) = parse_recorded(source.sql, source.settings)
        assert (again.target, again.facts, again.references) == (source.target, source.facts, source.references)


@pytest.mark.parametrize("path", SCHEMAS, ids=[str(path.relative_to(CORPORA)) for path in SCHEMAS])
def test_every_step_of_every_schema_parses(path):
    text = path.read_text(encoding="utf-8")
    if "migrations" in path.parts:
        assert parse_migration(MigrationFile(path.name, path.name, text, "")).statements
    else:
        assert parse_code([CodeFile(path.name, text, "")])
