"""Half of a large table is made by a copy of the process: nobody may see that, and nothing may hang on the copy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.editions.tables import WORTH_SEVERAL
from publisher.pipeline import crew
from tests.town import Town, make_town

ROWS = WORTH_SEVERAL + 2_500
HEADER = "番号,氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n"
KANA = "アイウエオカキクケコサシスセソタチツテトナニハヒフヘホマミムメモヤユヨラリルレロワ"


def roll(moved: int = 0) -> str:
    lines = []
    for n in range(ROWS):
        name = KANA[n % 40] + KANA[n // 40 % 40] + KANA[n // 7 % 40] + "　" + KANA[n // 3 % 40] + KANA[n // 11 % 40]
        shelter = (n + 1 if n < moved else n) % 60
        lines.append(f"{n},{name},{name},汐見市本町1-2-{n % 90},{20 + n % 60}歳,第{shelter}小学校,同意する,{'DV' if n % 997 == 0 else ''}\n")
    return HEADER + "".join(lines)


def build(place: Town) -> None:
    report = place.build()
    assert not [line for line in report.documents if line.state.value != "published"], report.problems


def test_a_large_roll_is_the_same_to_the_byte_in_one_process_and_in_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, moved = roll(), roll(moved=9)
    assert len(first.encode()) > crew.LARGE
    sites = []
    for large in (crew.LARGE, 1 << 40):
        monkeypatch.setattr(crew, "LARGE", large)
        place = make_town(tmp_path / str(large))
        for text in (first, moved, moved + "x,,,,,,,\n"):
            place.drop("避難者名簿/名簿.csv", text)
            build(place)
            sites.append(place.files())
            place.now += timedelta(minutes=5)
    assert sites[:3] == sites[3:]
    changed = {path for path in sites[1] if sites[1][path] != sites[0].get(path)}
    assert len(sites[1]) > 3_000
    assert len(changed) < 400, "an edition in which nine people moved"


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_the_copy_finds_comes_back() -> None:
    assert run("from publisher.pipeline.aside import Aside\na = Aside(lambda: [7] * 100_000, lambda: None)\nprint(len(a.result()))") == "100000\n"


@pytest.mark.parametrize(
    ("work", "after", "said"),
    [
        ("[7]", "[8] * 500_000", "[7] 500000"),
        ("[7]", "1 / 0", "[7] None"),
        ("[7]", "os.kill(os.getpid(), signal.SIGKILL)", "[7] None"),
        ("[7] if os.getpid() == here else 1 / 0", "[9]", "[7] 1"),  # all of it is done here
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_what_comes_after_the_result_is_there_for_who_asks(work: str, after: str, said: str, asked: bool) -> None:
    script = (
        "import gc, os, signal\nfrom publisher.pipeline.aside import Aside\nhere = os.getpid()\n"
        f"a = Aside(lambda: {work}, lambda: {work}, lambda: {after})\nresult = a.result()\n"
        + ("more = a.more()\nprint(result, more and len(more))\n" if asked else "")
        + "a.end()\nprint(gc.get_freeze_count())\n"
        "try:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    print('nobody is left behind')\n"
    )
    assert run(script) == (f"{said}\n" if asked else "") + "0\nnobody is left behind\n"


def test_another_copy_may_ask_for_what_comes_after_the_result() -> None:
    script = (
        "from publisher.pipeline.aside import Aside, Behind\na = Aside(lambda: [7] * 300_000, lambda: None, lambda: [8] * 300_000)\na.result()\n"
        "b = Behind(lambda wanted: print(sum(a.more()), flush=True))\nb.wait()\na.end()"
    )
    assert run(script) == "2400000\n"


@pytest.mark.parametrize("work", ["os.kill(os.getpid(), signal.SIGKILL)", "1 / 0", "lambda: 'nothing that travels'"])
def test_what_a_copy_does_not_finish_is_done_here(work: str) -> None:
    script = f"import os, signal\nfrom publisher.pipeline.aside import Aside\nprint(Aside(lambda: ({work}), lambda: 'here').result())"
    assert run(script) == "here\n"


def test_what_fails_behind_is_told_on_stderr_and_stops_nothing() -> None:
    script = (
        "import os\nfrom publisher.pipeline.aside import Behind\nwaitpid, seen = os.waitpid, []\n"
        "os.waitpid = lambda *some: seen.append(waitpid(*some)) or seen[-1]\nb = Behind(lambda wanted: 1 / 0)\nb.wait()\n"
        "print(os.waitstatus_to_exitcode(seen[0][1]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"
    assert "ZeroDivisionError" in done.stderr


def test_where_no_process_may_be_started_it_is_done_here() -> None:
    script = (
        "import os\nfrom publisher.pipeline.aside import Aside\ndef refuse():\n    raise BlockingIOError(11, 'too many')\n"
        "os.fork = refuse\nprint(Aside(lambda: 'there', lambda: 'here').result())"
    )
    assert run(script) == "here\n"


def test_what_fails_here_too_is_told() -> None:
    script = "from publisher.pipeline.aside import Aside\ntry:\n    Aside(lambda: 1 / 0, lambda: 1 / 0).result()\nexcept ZeroDivisionError:\n    print('told')"
    assert run(script) == "told\n"


def test_a_copy_whose_process_was_killed_ends(tmp_path: Path) -> None:
    mark = tmp_path / "copy"
    script = (
        "import os, sys, time, signal\nfrom publisher.pipeline.aside import Aside, while_wanted\nhere = os.getpid()\n"
        "def numbers():\n    n = 0\n    while True:\n        time.sleep(0.01)\n        yield n\n        n += 1\n"
        f"def work():\n    open({str(mark)!r}, 'w').write(str(os.getpid()))\n    return sum(while_wanted(numbers(), here))\n"
        f"Aside(work, lambda: 0)\nwhile not os.path.exists({str(mark)!r}) or not open({str(mark)!r}).read():\n    time.sleep(0.01)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    copy = int(mark.read_text())
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _runs(copy):
        time.sleep(0.05)
    assert not _runs(copy)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("1", "2", "(1, 2)"),
        ("1", "2 if os.getpid() == here else os.kill(os.getpid(), signal.SIGKILL)", "(1, 2)"),  # killed for want of memory: done here
        ("1 / 0", "2", "ZeroDivisionError"),
        ("1", "1 / 0", "ZeroDivisionError"),
    ],
)
def test_two_things_at_a_time_say_what_they_say_in_turn(first: str, second: str, said: str) -> None:
    script = (
        "import gc, os, signal\nfrom publisher.pipeline.aside import both\nfrom publisher.turns import in_turn\nhere = os.getpid()\n"
        f"def told(how):\n    try:\n        return how(lambda: ({first}), lambda: ({second}))\n    except ArithmeticError as error:\n        return type(error).__name__\n"
        "print(told(both), told(in_turn), gc.get_freeze_count())\n"
        "try:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    print('nobody is left behind')\n"
    )
    assert run(script) == f"{said} {said} 0\nnobody is left behind\n"
