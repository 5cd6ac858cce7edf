from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render.text.plain import diff_text
from tests.render import builders as made


def difference(change, before, after, path="sql/v.sql"):
    return Change(made.view("v"), change, path, 1, before, after)


def test_a_modified_object_shows_what_was_applied_against_its_source():
    change = difference(ChangeKind.MODIFIED, "SELECT 1,\n-- old\n  2\nFROM t", "SELECT 1,\n  3\nFROM t")
    expected = """\
# view.v (modified) sql/v.sql:1
--- view.v (applied)
+++ view.v (sql/v.sql)
@@ -1,4 +1,3 @@
 SELECT 1,
--- old
-  2
+  3
 FROM t"""
    assert diff_text([change]) == expected


def test_a_drifted_object_is_compared_with_the_database():
    assert "--- view.v (database)\n+++ view.v (sql/v.sql)\n" in diff_text([difference(ChangeKind.DRIFTED, "a", "b")])


def test_new_and_deleted_objects_stand_against_nothing():
    new = Change(made.view("n"), ChangeKind.NEW, "sql/n.sql", 4, None, "SELECT 1")
    gone = Change(made.view("o"), ChangeKind.DELETED, None, None, "SELECT 2", None)
    expected = """\
# view.n (new) sql/n.sql:4
--- /dev/null
+++ view.n (sql/n.sql)
@@ -0,0 +1 @@
+SELECT 1

# view.o (deleted)
--- view.o (applied)
+++ /dev/null
@@ -1 +0,0 @@
-SELECT 2"""
    assert diff_text([new, gone]) == expected


def test_what_cannot_be_compared_says_why():
    said = {
        change: diff_text([difference(change, None, "SELECT 1")]).splitlines()
        for change in (ChangeKind.MODIFIED, ChangeKind.ADOPTED)
    }
    assert said == {
        ChangeKind.MODIFIED: [
            "# view.v (modified) sql/v.sql:1",
            "# the last applied text is not recorded, so there is nothing to compare",
        ],
        ChangeKind.ADOPTED: [
            "# view.v (adopted) sql/v.sql:1",
            "# the database's own text is not recorded, so there is nothing to compare",
        ],
    }


def test_no_changes_are_no_differences():
    assert diff_text([]) == "No differences."
    assert "# the texts are equal" in diff_text([difference(ChangeKind.MODIFIED, "a", "a")])


def test_passwords_are_hidden_even_where_they_are_the_difference():
    before, after = "ALTER ROLE r PASSWORD 'sekret-1'", "ALTER ROLE r PASSWORD 'sekret-2'"
    text = diff_text([difference(ChangeKind.MODIFIED, before, after)])
    assert "sekret" not in text
    assert "# the texts differ only in masked passwords" in text


def test_hostile_text_does_not_reach_the_terminal():
    text = diff_text([Change(made.view(made.HOSTILE), ChangeKind.NEW, made.HOSTILE, 1, None, made.HOSTILE)])
    assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert len(text.splitlines()) == 6
