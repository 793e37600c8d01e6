"""Patterns that are compiled late: each of them can be, and finds what the compiled one finds."""

from __future__ import annotations

import re
import subprocess
import sys

from publisher.patterns import pattern


def test_every_pattern_of_the_program_can_be_compiled() -> None:
    """A mistake in one must not wait for the first notice that needs it."""
    script = (
        "import publisher, re\nfrom importlib import import_module\nfrom pkgutil import walk_packages\nfrom publisher import patterns\n"
        "made = []\nplain = patterns._Later.__init__\n"
        "patterns._Later.__init__ = lambda self, *of: (made.append(of), plain(self, *of))[1]\n"
        "for one in walk_packages(publisher.__path__, 'publisher.'):\n    one.name.endswith(('__main__', 'wheel_hook')) or import_module(one.name)\n"
        "print(len([re.compile(*of) for of in made]))\n"
    )
    done = subprocess.run([sys.executable, "-W", "error::DeprecationWarning", "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_a_late_pattern_is_the_pattern() -> None:
    late, compiled = pattern(r"(\d)(?P<b>x)?", re.I), re.compile(r"(\d)(?P<b>x)?", re.I)
    text = "a1X, 2x3"
    assert late.sub("-", text) == compiled.sub("-", text)
    assert late.findall(text) == compiled.findall(text)
    assert [one[0] for one in late.finditer(text)] == [one[0] for one in compiled.finditer(text)]
    assert (late.pattern, late.flags, late.groups, late.groupindex) == (compiled.pattern, compiled.flags, compiled.groups, compiled.groupindex)
    assert pattern(rb"\d").search(b"a1") is not None
