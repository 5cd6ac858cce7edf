"""An IPython terminal: the words of the command line, no markup, no widgets."""

from __future__ import annotations

import os
import subprocess
import sys


def test_a_terminal_shows_text(project):
    project.write("migrations/001_users.sql", "CREATE TABLE users (id int);")
    project.write("sql/views/v.sql", "CREATE VIEW v AS SELECT id FROM users;")
    cells = ("%load_ext pgmg", "plan = %pgmg_plan", "plan", "%pgmg_graph", "result = %pgmg_apply", "%pgmg_status")
    program = "".join(f"get_ipython().run_cell({cell!r})\n" for cell in cells)
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", program],
        cwd=project.root,
        env=os.environ | {"PGMG_CONNECTION_STRING": project.dsn, "IPYTHONDIR": str(project.root / ".ipython")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "Pending data migration: 001_users.sql" in told
    assert "%pgmg_apply applies this plan." in told
    assert "view.v [new]\n└── table.users (unmanaged)\n    └── migration.001_users.sql" in told
    assert "✓ Created view: v" in told
    assert "Nothing to do." in told
    for mark in ("<div", "<section", "<style", "HBox(", "Traceback", "\x1b"):
        assert mark not in told
    project.settled()
