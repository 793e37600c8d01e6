"""Relative links between pages, so that a mirror may live under any prefix."""

from __future__ import annotations


def relative(from_path: str, to_path: str) -> str:
    """The link from one file of the site to another: ``relative("n/a.html", "c/b.html") ==
    "../c/b.html"``.
    """
    to_file, mark, fragment = to_path.partition("#")
    here = from_path.split("/")[:-1]
    there = to_file.split("/")
    shared = 0
    while shared < len(here) and shared < len(there) - 1 and here[shared] == there[shared]:
        shared += 1
    return "../" * (len(here) - shared) + "/".join(there[shared:]) + mark + fragment


def up(path: str) -> str:
    """From a page to the folder that its path counts from: ``../`` as often as needed."""
    return "../" * path.count("/")


def numbered(path: str, number: int, sign: str = "-") -> str:
    """The address of a continuation page: ``n/4f2k7q.html`` → ``n/4f2k7q-2.html``; the first has the
    plain address.
    """
    if number == 1:
        return path
    stem, dot, ending = path.rpartition(".")
    return f"{stem}{sign}{number}{dot}{ending}"
