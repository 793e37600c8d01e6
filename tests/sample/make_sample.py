"""Makes the files of the sample site that no text editor can write: workbooks, Word, PDF, pictures, CP932.

    python tests/sample/make_sample.py [FOLDER]

writes them into ``content/`` (or FOLDER). It needs the project's test extra, Noto CJK fonts and Chromium, and
is run by hand when the story of the sample changes; what it makes is kept in the history. All is fictional.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drawings import draw_all
from lists import write_lists
from office import write_office
from roll import write_roll

ROOT = Path(__file__).resolve().parents[2]


def main(folder: Path) -> None:
    write_lists(folder)
    write_roll(folder)
    write_office(folder)
    draw_all(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "content")
