"""An interrupt while a library is imported leaves it whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pgmg.library_imports import DATABASE, DISPLAY, PLANNING

SCRIPT = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from pgmg.library_imports import import_whole

class Interrupting:
    # presses Ctrl-C when the n-th module below the library is looked for
    def __init__(self, name, left):
        self.name, self.left = name + ".", left
    def find_spec(self, name, path=None, target=None):
        if name.startswith(self.name):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)

name = sys.argv[1]
sys.meta_path.insert(0, Interrupting(name, int(sys.argv[2])))
interrupted = False
try:
    import_whole(name)
except KeyboardInterrupt:
    interrupted = True
import_whole(name)
module = __import__(name)
below = {m.split(".")[1] for m in sys.modules if m.startswith(name + ".")}
print(interrupted, sorted(b for b in below if not hasattr(module, b)))
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


@pytest.mark.parametrize("name", [*DATABASE, *PLANNING, *DISPLAY])
@pytest.mark.parametrize("moment", [1, 4])
def test_an_interrupt_waits_until_it_is_whole(name, moment):
    command = [sys.executable, "-c", SCRIPT, name, str(moment)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True []\n", "")
