"""What the notebooks share: a shop to play with, and a way to look at rows and files."""

import html
import os
import shutil
import tempfile
import time
from pathlib import Path

from IPython.display import display

HERE = Path(__file__).parent


def new_shop() -> Path:
    """Copy the project `shop/` into a new folder beside the notebooks and return it; delete it when you are done."""
    folder = new_folder()
    shutil.copytree(HERE / "shop", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".pgmg"))
    return folder


def new_folder() -> Path:
    """Make an empty folder beside the notebooks."""
    return Path(os.path.relpath(tempfile.mkdtemp(prefix="shop-", dir=HERE)))


def tree(folder: Path) -> None:
    """Print the files of a project."""
    for path in sorted(folder.rglob("*.*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] != ".pgmg":
            print(inside.as_posix())


def rows(project, query: str) -> None:
    """Run a query on a project's database and show its rows, if it has any."""
    with project.connect() as connection:
        cursor = connection.execute(query)
        if cursor.description is None:
            return
        heads = [column.name for column in cursor.description]
        found = [[str(cell) for cell in row] for row in cursor.fetchall()]
    text = "\n".join(" | ".join(row) for row in (heads, *found))
    cells = "\n".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in found)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    shown = f"<table><thead><tr>{head}</tr></thead><tbody>\n{cells}\n</tbody></table>"
    display({"text/html": shown, "text/plain": text}, raw=True)


def until(done) -> None:
    """Wait until something that goes on in the background is done, half a minute at most."""
    end = time.monotonic() + 30
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)
