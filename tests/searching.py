"""Runs the script of the search in node: its forms of names, and whole searches on files that lie in memory."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from publisher.editions.tables.search.script import SOURCE, Script
from publisher.editions.theme import Theme

RUNNER = r"""
const script = require(process.argv[2]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
if (asked.fold) {
  console.log(JSON.stringify(asked.fold.map((text) => script.fold(text))));
} else {
  const out = [];
  const next = () => {
    if (out.length === asked.searches.length) return console.log(JSON.stringify(out));
    const fetched = [];
    const index = new script.Index((name, anew, done) => setImmediate(() => {
      fetched.push(name);
      if (anew && asked.anew) Object.assign(asked.files, asked.anew);
      if (asked.files[name] === undefined) done(new Error("404"), "");
      else done(null, asked.files[name]);
    }));
    let rounds = 0;
    const one = new script.Search(index, asked.searches[out.length], (error, search) => {
      rounds += 1;
      if (!error && search.left() && rounds < asked.rounds) return search.more();
      out.push({
        error: error ? String(error) : "", rounds: rounds, left: !error && search.left(), used: search.used, fetched: fetched,
        rows: search.hits.map((hit) => hit.row), exact: search.hits.map((hit) => hit.exact),
      });
      next();
    });
    one.start();
  };
  next();
}
"""


@dataclass(frozen=True)
class Found:
    """What one search brought. ``fetched``: bytes of all files it asked for."""

    rows: list[list[str]]
    exact: list[bool]
    fetched: int
    files: list[str]
    left: bool
    rounds: int
    error: str


class Browser:
    """The script, without a browser around it."""

    def __init__(self, folder: Path) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed")
        self._node = node
        self._script = folder / "search.js"
        self._script.write_bytes(Script(Theme.load().files[SOURCE]).body)
        self._runner = folder / "runner.js"
        self._runner.write_text(RUNNER, "utf-8")

    def _ask(self, question: dict[str, Any]) -> Any:
        done = subprocess.run(
            [self._node, str(self._runner), str(self._script)],
            input=json.dumps(question).encode(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def folded(self, texts: list[str]) -> list[str]:
        return self._ask({"fold": texts})

    def search(
        self, files: dict[str, bytes], texts: list[str], rounds: int = 1, anew: dict[str, bytes] | None = None
    ) -> list[Found]:
        """Each text searched for by a fresh reader. ``files``: by name without folder and ending; ``anew``: what a
        reader gets who asks past all caches."""
        said = {name: body.decode() for name, body in files.items()}
        later = {name: body.decode() for name, body in (anew or {}).items()}
        answers = self._ask({"files": said, "anew": later, "searches": texts, "rounds": rounds})
        return [
            Found(
                a["rows"],
                a["exact"],
                sum(len(files.get(name, b"")) for name in a["fetched"]),
                a["fetched"],
                a["left"],
                a["rounds"],
                a["error"],
            )
            for a in answers
        ]
