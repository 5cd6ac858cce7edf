"""Results of parsing are kept between runs, are the same as parsed ones, and are never trusted from others."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import os
import pickle
import sqlite3
import threading
from pathlib import Path

import pytest

from pgmg.errors import SourceErrors
from pgmg.model.sources.source import CodeFile
from pgmg.source import parse_cache as module
from pgmg.source import parse_file
from pgmg.source.code_parser import CodeParser
from pgmg.source.packing import pack, unpack
from pgmg.source.parse_cache import ParseCache, cache_folder


def code_file(sql, path="sql/a.sql"):
    return CodeFile(path, sql, hashlib.sha256(sql.encode()).hexdigest())


CASES = Path(__file__).parents[1] / "cases"
EVERY_FILE = sorted(path for path in CASES.rglob("*.sql") if "migrations" not in path.parts)
MANY = tuple(code_file(f"CREATE VIEW v{n} AS SELECT {n} AS n FROM t{n};", f"sql/v{n}.sql") for n in range(20))


def kept(file, objects):
    """Return objects as they come out of the text that they are packed into."""
    return unpack([(pack(objects, file), file)])[file.path]


def parsed(files):
    return {file.path: (file, parse_file(file)) for file in files}


@pytest.fixture
def cache(tmp_path):
    return ParseCache(tmp_path / "cache")


def test_every_object_of_every_case_is_the_same_after_json():
    compared = 0
    for path in EVERY_FILE:
        file = code_file(path.read_text(encoding="utf-8"), path.name)
        try:
            objects = parse_file(file)
        except SourceErrors:
            continue
        assert kept(file, objects) == objects
        compared += len(objects)
    assert compared > 500


def test_no_field_of_an_object_is_forgotten():
    """Every field has another value than its default, also one that is added later."""
    file = code_file("SET search_path = app;\n-- pgmg: contract\nCREATE VIEW v AS SELECT a FROM t;")
    objects = parse_file(file)
    (one,) = objects
    given = [field for field in dataclasses.fields(one) if field.init]
    defaults = {field.name: field.default for field in given if field.default is not dataclasses.MISSING}
    assert [name for name, default in defaults.items() if getattr(one, name) == default] == []
    assert kept(file, objects) == objects


def test_no_sql_stands_in_the_cache_that_is_in_the_file(cache, tmp_path):
    file = code_file("CREATE VIEW secret_view AS\nSELECT 'a very long text' AS t;", "sql/a.sql")
    first, _, _ = pack(parse_file(file), file).partition("\n")
    assert "secret_view" in first
    assert "very long" not in first


def test_what_was_written_is_read(cache):
    cache.write(parsed(MANY))
    assert cache.read(MANY) == {file.path: parse_file(file) for file in MANY}


def test_the_same_text_at_another_path_names_that_path(cache):
    cache.write(parsed(MANY[:1]))
    moved = code_file(MANY[0].text, "elsewhere/moved.sql")
    (found,) = cache.read([moved])[moved.path]
    assert (found.location.path, found.sql) == ("elsewhere/moved.sql", MANY[0].text.rstrip(";"))


def test_another_text_is_not_taken_for_it(cache):
    cache.write(parsed(MANY))
    assert cache.read([code_file(MANY[0].text + " ", MANY[0].path)]) == {}


def test_results_of_another_version_of_the_readers_are_not_used(cache, monkeypatch):
    cache.write(parsed(MANY))
    monkeypatch.setattr(module, "parser", lambda: "another")
    assert cache.read(MANY) == {}


def test_only_new_text_is_parsed(cache, monkeypatch):
    first = CodeParser(cache).parse(MANY)
    texts = []
    monkeypatch.setattr("pgmg.source.declarations.parse_file", lambda file: texts.append(file.text) or ())
    edited = (*MANY[1:], code_file("CREATE VIEW other AS SELECT 1 AS n;", "sql/other.sql"))
    again = CodeParser(cache).parse(edited)
    assert texts == [edited[-1].text]
    assert again == {file.path: first[file.path] for file in MANY[1:]} | {"sql/other.sql": ()}


def test_errors_are_found_anew(cache):
    broken = code_file("SELEC 1;", "sql/broken.sql")
    for _ in range(2):
        found = CodeParser(cache).parse((*MANY, broken))
        assert isinstance(found["sql/broken.sql"], SourceErrors)


@pytest.mark.parametrize("harm", ["", "not a database", "SQLite format 3\0" + "x" * 5000])
def test_a_damaged_cache_is_made_anew(cache, tmp_path, harm):
    cache.write(parsed(MANY))
    path = tmp_path / "cache" / "parsed.sqlite"
    path.write_text(harm)
    assert cache.read(MANY) == {}
    cache.write(parsed(MANY))
    cache.write(parsed(MANY))
    assert len(cache.read(MANY)) == len(MANY)


NOT_OURS = ["", "[", "[]]", "null", "1", "{}", '[["x", 1]]', '[["x", 1]]\n[]', "[]],[[]"]


def harm(tmp_path, value, which="true"):
    with sqlite3.connect(tmp_path / "cache" / "parsed.sqlite") as connection:
        connection.execute(f"UPDATE parsed SET value = ? WHERE {which}", [value])
    connection.close()


@pytest.mark.parametrize("value", NOT_OURS)
def test_values_that_are_not_ours_are_parsed(cache, tmp_path, value):
    cache.write(parsed(MANY))
    harm(tmp_path, value)
    assert cache.read(MANY) == {}


@pytest.mark.parametrize("value", NOT_OURS)
def test_one_value_that_is_not_ours_keeps_no_other_from_being_read(cache, tmp_path, value):
    cache.write(parsed(MANY))
    harm(tmp_path, value, f"file = '{MANY[7].hash}'")
    assert cache.read(MANY) == {file.path: parse_file(file) for file in MANY if file is not MANY[7]}


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(cache, tmp_path, mode):
    cache.write(parsed(MANY))
    (tmp_path / "cache").chmod(mode)
    assert cache.read(MANY) == {}


def test_a_link_is_not_followed(cache, tmp_path):
    cache.write(parsed(MANY))
    path = tmp_path / "cache" / "parsed.sqlite"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.read(MANY) == {}
    cache.write(parsed(MANY))
    assert path.is_symlink()


def test_it_is_for_its_user_alone(cache, tmp_path):
    cache.write(parsed(MANY))
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "cache", tmp_path / "cache" / "parsed.sqlite")]
    assert modes == [0o700, 0o600]


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    cache = ParseCache(tmp_path / "file" / "cache")
    cache.write(parsed(MANY))
    assert cache.read(MANY) == {}


def test_it_does_not_grow_for_ever(cache, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 3000)
    for number in range(200):
        file = code_file(f"CREATE VIEW v AS SELECT {number} AS n;", "sql/v.sql")
        cache.write(parsed([file]))
    assert cache.read([file])
    with sqlite3.connect(cache._path) as connection:
        (size,) = connection.execute("SELECT sum(length(value)) FROM parsed").fetchone()
    connection.close()
    assert size <= 3000


def test_many_writers_at_once_lose_nothing_but_time(tmp_path):
    folder = tmp_path / "cache"

    def work(number):
        for turn in range(10):
            file = code_file(f"CREATE VIEW v AS SELECT {number}, {turn};", f"sql/{number}.sql")
            ParseCache(folder).write(parsed([file]))
            ParseCache(folder).read([file])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ParseCache(folder).write(parsed(MANY))
    assert len(ParseCache(folder).read(MANY)) == len(MANY)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PGMG_CACHE_DIR": ""}, None),
        ({"PGMG_CACHE_DIR": "/here"}, Path("/here")),
        ({"XDG_CACHE_HOME": "/there"}, Path("/there/pgmg")),
        ({"HOME": "/home/me"}, Path("/home/me/.cache/pgmg")),
    ],
)
def test_where_it_is(monkeypatch, variables, expected):
    for name in ("PGMG_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == expected


def test_a_user_without_a_home_has_none(monkeypatch):
    monkeypatch.delenv("PGMG_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cache_folder() is None


@pytest.mark.parametrize("rest", ["", "[", "[]", "{}", "null", '[[["x"], null], [[10000, 1], null]]'])
def test_what_cannot_be_unpacked_later_is_parsed_again(rest):
    """A cache that somebody has damaged changes no plan."""
    file = code_file("CREATE VIEW v AS SELECT a FROM t;\nCREATE VIEW w AS SELECT a FROM v;")
    objects = parse_file(file)
    first, _, _ = pack(objects, file).partition("\n")
    found = unpack([(f"{first}\n{rest}", file)])[file.path]
    assert [one.target for one in found] == [one.target for one in objects]
    assert [one.references for one in found] == [one.references for one in objects]
    assert found == objects


def test_references_and_facts_of_a_file_are_decoded_once_and_only_when_asked_for(cache, monkeypatch):
    many = "".join(f"CREATE VIEW v{n} AS\nSELECT {n} AS n FROM t{n};\n" for n in range(100))
    file = code_file(many)
    cache.write(parsed([file]))
    decoded = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: decoded.append(text) or loads(text))
    found = cache.read([file])[file.path]
    assert [one.target.parts for one in found] == [(f"v{n}",) for n in range(100)]
    assert (len(decoded), "t99" in decoded[0]) == (1, False)
    assert [one.references[0].parts for one in found] == [(f"t{n}",) for n in range(100)]
    assert len(decoded) == 2


def test_an_object_that_is_kept_can_be_copied_before_it_is_unpacked():
    file = code_file("CREATE VIEW v AS SELECT a FROM t;")
    objects = parse_file(file)
    (found,) = kept(file, objects)
    assert pickle.loads(pickle.dumps(copy.copy(found))) == objects[0]
    assert dataclasses.replace(found, contract=True).facts == objects[0].facts
    assert not hasattr(found, "no_field")
