"""What is sent to a mirror, in which order, and what the public sees when any step of it fails."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.mirrors import MemoryMirror, headers, plan, refused, sync, unavailable, urgency
from publisher.mirrors.plan import FEW, Rank, rank_of
from publisher.mirrors.urgency import hasten
from publisher.model import PageKind, PageRecord, Reason, Receipt

KINDS = {
    "m": PageKind.PICTURE,
    "c": PageKind.LIST,
    "a": PageKind.LIST,
    "n": PageKind.DOCUMENT,
    "manifest": PageKind.MANIFEST,
}
NAMES = {
    "index.html": PageKind.LIST,
    "k/index.html": PageKind.LIST,
    "i/index.html": PageKind.LIST,
    "sitemap.xml": PageKind.LIST,
    "atom.xml": PageKind.FEED,
    "manifest.json": PageKind.MANIFEST,
    "manifest.json.minisig": PageKind.MANIFEST,
    "alive.json": PageKind.ALIVE,
}


def kind_of(path: str) -> PageKind:
    if path in NAMES:
        return NAMES[path]
    parts = path.split("/")
    return PageKind.DATA if path.endswith(".csv") else KINDS[parts[1] if parts[0] in "ki" else parts[0]]


def record(path: str, body: bytes, serial: int = 1, personal: bool = False) -> PageRecord:
    return PageRecord(path, hashlib.sha256(body).hexdigest(), len(body), kind_of(path), personal, serial)


def site(*paths: str, text: str = "") -> dict[str, bytes]:
    return {path: f"{path} {text}".encode() for path in paths}


FIRST = site(
    "m/01.jpg", "t.csv", "n/a.html", "k/n/a.html", "c/x.html", "index.html", "k/index.html", "i/index.html",
    "sitemap.xml", "atom.xml", "manifest/a.json", "manifest.json", "manifest.json.minisig", "alive.json",
)  # fmt: skip


@dataclass
class Town:
    """A site, a mirror and the receipts between them, as the pipeline keeps them."""

    moment: datetime
    mirror: MemoryMirror = field(default_factory=MemoryMirror)
    receipts: dict[str, tuple[str, str]] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)

    def reached(self, paths: frozenset[str] | None) -> None:
        self.unreached = set() if paths is None else self.unreached - paths

    def note(self, receipts: Sequence[Receipt]) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.receipts.update({receipt.path: (receipt.sha256, receipt.headers) for receipt in receipts})
        self.confirmed += [receipt.path for receipt in receipts]
        self.begun |= {receipt.path for receipt in receipts}
        self.unreached |= {receipt.path for receipt in receipts if receipt.is_new}
        self.unreached -= {receipt.path for receipt in receipts if not receipt.is_new}

    def doubt(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self.receipts[receipt.path] = (receipt.sha256, receipt.headers)

    def plan(self, files: dict[str, bytes], **options):
        records = [record(path, body) for path, body in files.items()]
        gone = [path for path in self.receipts if path not in files]
        return plan(self.mirror.name, records, gone, self.receipts, len(self.receipts), unreached=self.unreached, **options)

    def publish(self, files: dict[str, bytes], workers: int = 4, urgent: Sequence[str] = (), **options):
        self.confirmed.clear()
        made = hasten(self.plan(files, **options), urgent, files.__getitem__, self.begun)
        result = sync(
            self.mirror, made, files.__getitem__, self.note, self.moment,
            doubt=self.doubt, reached=self.reached, workers=workers,
        )  # fmt: skip
        for path in result.deleted:
            del self.receipts[path]
        if result.whole:
            self.begun.clear()
        return result

    @property
    def shown(self) -> dict[str, bytes]:
        return {path: body for path, (body, _) in self.mirror.files.items()}


@pytest.fixture
def town(noon: datetime) -> Town:
    return Town(noon)


# --- the plan ---


def test_first_upload_goes_from_pictures_to_alive(town: Town) -> None:
    steps = [[upload.path for upload in step] for step in town.plan(FIRST).ranks]
    assert steps == [
        ["m/01.jpg", "t.csv"],
        ["k/n/a.html", "n/a.html"],
        ["atom.xml"],
        ["c/x.html", "sitemap.xml"],
        ["i/index.html", "k/index.html"],
        ["index.html"],
        ["manifest/a.json"],
        ["manifest.json"],
        ["manifest.json.minisig"],
        ["alive.json"],
    ]


def test_nothing_changed_is_nothing_to_do(town: Town) -> None:
    assert town.publish(FIRST).whole
    assert town.plan(FIRST).empty


def test_every_upload_has_a_reason(town: Town) -> None:
    town.publish(FIRST)
    files = FIRST | site("n/a.html", text="訂正") | site("n/b.html")
    del files["t.csv"]
    made = town.plan(files)
    assert [str(upload) for upload in made.puts] == ["n/b.html (new)", "n/a.html (changed)"]
    assert [str(deletion) for deletion in made.deletes] == ["t.csv (gone)"]
    assert [str(upload.put) for upload in made.puts] == [str(upload) for upload in made.puts]


def test_changed_headers_are_a_change(town: Town) -> None:
    town.publish(FIRST)
    now_personal = record("n/a.html", FIRST["n/a.html"], personal=True)
    (upload,) = plan("m", [now_personal], (), town.receipts, len(town.receipts)).puts
    assert (upload.reason, upload.headers.cache_control) == (Reason.HEADERS, "no-store")


def test_the_same_size_is_not_the_same(town: Town) -> None:
    town.publish(FIRST | {"n/a.html": "死者3名".encode()})
    (upload,) = town.plan(FIRST | {"n/a.html": "死者4名".encode()}).puts
    assert upload.reason is Reason.CHANGED


def test_new_pages_come_before_old_ones_that_may_link_to_them(town: Town) -> None:
    """A notice grows a second page and opens a new category: nobody may meet either before it is there."""
    town.publish(FIRST)
    files = (
        FIRST
        | site("n/a.html", "k/n/a.html", "c/x.html", "index.html", text="2")
        | site("n/a-2.html", "c/y.html")
    )
    order = [upload.path for upload in town.plan(files).puts]
    assert order == ["n/a-2.html", "c/y.html", "k/n/a.html", "n/a.html", "c/x.html", "index.html"]


def test_people_enter_a_new_site_when_all_of_it_is_there(town: Town) -> None:
    """The three home pages lead to each other, whichever comes first."""
    entered: list[tuple[str, str]] = []
    files = {
        "index.html": b"0 k/index.html i/index.html", "k/index.html": b"0 index.html i/index.html", "i/index.html": b"0 index.html k/index.html",
    }  # fmt: skip
    for lost in ("k/index.html", "i/index.html", ""):
        town.mirror.fail_on = lambda operation, path, lost=lost: unavailable("memory", "slow") if path == lost else None
        town.publish(files)
        entered += broken(town.shown)
    assert town.shown == files and entered == []


def test_an_edition_that_is_switched_on_has_its_home_before_anything_leads_there(town: Town) -> None:
    assert town.publish({"index.html": b"0 n/a.html", "n/a.html": b"0 index.html"}).whole
    files = {
        "index.html": b"1 n/a.html i/index.html", "n/a.html": b"1 index.html i/n/a.html",
        "i/index.html": b"1 index.html i/n/a.html", "i/n/a.html": b"1 n/a.html i/index.html",
    }  # fmt: skip
    met: list[tuple[str, str]] = []
    town.mirror.fail_after = lambda operation, path: met.extend(broken(town.shown))
    assert town.publish(files).whole
    assert town.shown == files and met == []


def test_within_a_step_the_newest_comes_first() -> None:
    records = [record(f"n/{number}.html", b"x", serial=number) for number in (3, 9, 5)]
    assert [upload.path for upload in plan("m", records, (), {}, 0).puts] == [
        "n/9.html",
        "n/5.html",
        "n/3.html",
    ]


@pytest.mark.parametrize(
    ("held", "gone", "fine"),
    [(60, 50, True), (60, 51, False), (1000, 200, True), (1000, 201, False), (1000, 1000, False)],
)
def test_too_many_deletions_are_refused_as_a_whole(held: int, gone: int, fine: bool) -> None:
    paths = [f"n/{number}.html" for number in range(gone)]
    receipts = {path: ("sha", "headers") for path in paths}
    made = plan("予備", [record("n/new.html", b"x")], paths, receipts, held)
    assert [upload.path for upload in made.puts] == ["n/new.html"]
    assert len(made.deletes) == (gone if fine else 0)
    assert (made.refused is None) is fine
    if not fine:
        assert str(gone) in made.refused.what and "予備" in made.refused.where
        assert len(plan("予備", [], paths, receipts, held, allow_deletions=True).deletes) == gone
    assert FEW == 50


def test_only_what_the_mirror_may_hold_is_deleted() -> None:
    made = plan(
        "m",
        [],
        ["n/never-sent.html", "n/b.html", "n/a.html"],
        {"n/a.html": ("s", "h"), "n/b.html": ("", "")},
        2,
    )
    assert [deletion.path for deletion in made.deletes] == ["n/a.html", "n/b.html"]


def test_every_kind_of_page_has_a_step() -> None:
    for kind in PageKind:
        assert isinstance(rank_of("x/y.html", kind, new=True), Rank)
        assert rank_of("x/y.html", kind, new=True) <= rank_of("x/y.html", kind, new=False)


# --- sync ---


def test_after_a_sync_the_mirror_is_the_site(town: Town) -> None:
    result = town.publish(FIRST)
    assert town.shown == FIRST
    assert sorted(result.uploaded) == sorted(FIRST)
    assert (result.deleted, result.failed, result.problem, result.behind) == ((), (), None, 0)
    for path, (_, served) in town.mirror.files.items():
        assert served == headers(path, kind_of(path), False)


def test_receipts_say_what_was_stored_under_which_headers(town: Town) -> None:
    town.publish(FIRST)
    page = record("n/a.html", FIRST["n/a.html"])
    assert town.receipts["n/a.html"] == (page.sha256, headers("n/a.html", page.kind, False).digest)


def test_personal_pages_are_stored_under_no_store(town: Town) -> None:
    page = record("n/a.html", b"x", personal=True)
    sync(town.mirror, plan("m", [page], (), {}, 0), lambda path: b"x", town.note, town.moment)
    assert town.mirror.files["n/a.html"][1].cache_control == "no-store"


def test_steps_do_not_overlap(town: Town) -> None:
    """The log of a sync with eight threads never goes back to an earlier step."""
    files = FIRST | site(
        *(f"n/{number}.html" for number in range(50)), *(f"m/{number}.jpg" for number in range(50))
    )
    town.publish(files, workers=8)
    steps = [
        rank_of(path, kind_of(path), new=True) for operation, path in town.mirror.log if operation == "put"
    ]
    assert steps == sorted(steps)
    assert len(steps) == len(files)


def test_each_file_is_confirmed_as_soon_as_it_is_stored(town: Town) -> None:
    """While one upload is still under way the others are confirmed: a crash now would not repeat them."""
    held_back, others = threading.Event(), {f"n/{number}.html" for number in range(5)}

    def note(receipts: Sequence[Receipt]) -> None:
        town.note(receipts)
        if others <= set(town.confirmed):
            held_back.set()

    def read(path: str) -> bytes:
        if path == "n/slow.html":
            assert held_back.wait(10), "the others were not confirmed while this one was under way"
        return b"x"

    made = plan("m", [record(path, b"x") for path in [*others, "n/slow.html"]], (), {}, 0)
    assert sync(town.mirror, made, read, note, town.moment).whole


def test_a_file_that_changed_under_our_hands_is_not_sent(town: Town) -> None:
    made = town.plan({"n/a.html": b"planned"})
    result = sync(town.mirror, made, lambda path: b"something else", town.note, town.moment)
    assert (result.uploaded, result.behind, result.stopped, result.problem) == ((), 1, True, None)
    assert town.mirror.files == {} and town.confirmed == []


def test_a_refusal_stops_at_once(town: Town) -> None:
    town.mirror.fail_on = lambda operation, path: refused("memory", "keys-expired")
    files = FIRST | site(*(f"m/{number}.jpg" for number in range(500)))
    result = town.publish(files)
    assert result.behind == len(files) and not result.retry
    assert len(result.failed) <= 8
    assert result.problem.code == "mirror-keys-expired"


def test_a_dead_mirror_is_not_asked_for_every_file(town: Town) -> None:
    town.mirror.fail_on = lambda operation, path: unavailable("memory", "slow")
    result = town.publish(FIRST | site(*(f"m/{number}.jpg" for number in range(500))))
    assert result.retry and len(result.failed) <= 3 + 8
    assert town.mirror.files == {}


def test_one_bad_file_does_not_keep_its_neighbours_back(town: Town) -> None:
    town.mirror.fail_on = lambda operation, path: (
        unavailable("memory", "busy", detail="500") if path == "m/13.jpg" else None
    )
    files = FIRST | site(*(f"m/{number}.jpg" for number in range(40)))
    result = town.publish(files)
    assert result.failed == ("m/13.jpg",)
    assert len([path for path in result.uploaded if path.startswith("m/")]) == 40
    assert "n/a.html" not in town.shown, "a page came before a picture that it may show"


def test_what_the_caller_raises_comes_through_after_the_uploads_have_ended(town: Town) -> None:
    def full(receipts: Sequence[Receipt]) -> None:
        raise OSError("the ledger's disk is full")

    with pytest.raises(OSError, match="ledger"):
        sync(town.mirror, town.plan(FIRST), FIRST.__getitem__, full, town.moment)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mirror-")]


def test_an_unanswered_upload_is_not_taken_for_what_stood_there_before(town: Town) -> None:
    """The store took version 2 and the answer got lost; then staff went back to version 1."""
    town.publish(FIRST)
    second = FIRST | site("n/a.html", text="2")
    town.mirror.fail_after = lambda operation, path: (
        unavailable("memory", "cut") if path == "n/a.html" else None
    )
    assert town.publish(second).failed == ("n/a.html",)
    assert town.shown["n/a.html"] == second["n/a.html"]
    town.mirror.fail_after = lambda operation, path: None
    assert town.publish(FIRST).whole
    assert town.shown == FIRST


# --- every step fails once ---

BEFORE = FIRST | site("n/old.html", "m/old.jpg")
AFTER = {path: body for path, body in BEFORE.items() if path not in ("n/old.html", "m/old.jpg")}
CHANGED = (
    "n/a.html",
    "k/n/a.html",
    "c/x.html",
    "index.html",
    "atom.xml",
    "manifest/a.json",
    "manifest.json",
    "alive.json",
)
AFTER |= site(*CHANGED, text="2") | site("n/b.html", "k/n/b.html", "m/02.jpg", "c/y.html")
STEPS = [("put", path) for path in AFTER if BEFORE.get(path) != AFTER[path]]
STEPS += [("delete", path) for path in BEFORE if path not in AFTER]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("operation", "path"), STEPS)
def test_any_step_may_fail_once(noon: datetime, when: str, operation: str, path: str) -> None:
    town = Town(noon)
    town.publish(BEFORE)

    def fault(now: str, there: str):
        return unavailable("memory", "cut") if (now, there) == (operation, path) else None

    if when == "before":
        town.mirror.fail_on = fault
    else:
        town.mirror.fail_after = fault
    town.mirror.log.clear()
    result = town.publish(AFTER)
    assert result.failed == (path,) and result.problem.code == "mirror-cut"
    sent = [there for now, there in town.mirror.log if now == "put"]
    if operation == "put":
        assert result.deleted == () and set(BEFORE) <= set(town.shown), "something was taken away"
        step = {upload.path: upload.rank for upload in Town(noon, receipts=whole(BEFORE)).plan(AFTER).puts}
        assert all(step[there] <= step[path] for there in sent), "a later step was begun"
    assert result.behind == len(STEPS) - len(result.uploaded) - len(result.deleted)

    town.mirror.fail_on = town.mirror.fail_after = lambda now, there: None
    confirmed = set(result.uploaded)
    town.mirror.log.clear()
    assert town.publish(AFTER).whole
    assert town.shown == AFTER
    assert not confirmed & {there for now, there in town.mirror.log if now == "put"}, (
        "sent again though confirmed"
    )


def test_a_file_whose_deletion_was_not_answered_is_a_new_one_when_it_comes_back(town: Town) -> None:
    """Else the page that links to it goes ahead of it, though it may be gone."""
    with_c = {"index.html": b"0 c/x.html", "c/x.html": b"0 n/b.html n/c.html", "n/b.html": b"0 index.html", "n/c.html": b"0 index.html"}
    without = {"index.html": b"1 n/b.html", "n/b.html": b"1 index.html"}
    again = {"index.html": b"2 c/x.html", "c/x.html": b"2 n/b.html n/c.html", "n/b.html": b"2 c/x.html", "n/c.html": b"0 index.html"}
    assert town.publish(with_c).whole
    town.mirror.fail_after = lambda operation, path: unavailable("memory", "cut") if (operation, path) == ("delete", "n/c.html") else None
    assert not town.publish(without).whole and "n/c.html" not in town.shown
    assert {str(upload) for upload in town.plan(again).puts if upload.path == "n/c.html"} == {"n/c.html (new)"}
    met: list[tuple[str, str]] = []
    town.mirror.fail_after = lambda operation, path: met.extend(broken(town.shown))
    assert town.publish(again).whole
    assert town.shown == again and met == []


def test_a_page_that_came_new_and_was_never_linked_to_goes_before_the_list_that_leads_to_it(town: Town) -> None:
    """What it linked to as it came never arrived, and is no part of the site any more when the next state leads there."""
    first = {"index.html": b"0 c/x.html", "c/x.html": b"0 n/a.html", "n/a.html": b"0 c/x.html"}
    second = {**first, "index.html": b"1 c/x.html c/y.html", "c/y.html": b"1 n/b.html", "n/b.html": b"1 c/y.html"}
    third = {**first, "n/a.html": b"2 c/z.html", "c/z.html": b"2 n/b.html", "n/b.html": b"2 c/z.html", "index.html": b"2 c/x.html c/z.html"}
    assert town.publish(first).whole
    town.mirror.fail_on = lambda operation, path: unavailable("memory", "cut") if path == "c/y.html" else None
    assert not town.publish(second).whole
    assert {str(upload): upload.is_new for upload in town.plan(third).puts if upload.path == "n/b.html"} == {"n/b.html (changed)": True}
    met: list[tuple[str, str]] = []
    town.mirror.fail_on = lambda operation, path: None
    town.mirror.fail_after = lambda operation, path: met.extend(broken(town.shown))
    assert town.publish(third).whole
    assert town.shown == third and met == []


def test_a_page_that_came_new_left_and_came_back_is_a_new_one(town: Town) -> None:
    """It was never linked to, and stands there as it was until it is deleted: what it links to never came."""
    first = {"index.html": b"0 c/x.html", "c/x.html": b"0 n/a.html", "n/a.html": b"0 c/x.html"}
    second = {**first, "index.html": b"1 c/x.html c/y.html", "c/y.html": b"1 n/e.html", "n/e.html": b"1 c/y.html"}
    third = {**first, "index.html": b"2 c/x.html"}
    fourth = {**first, "index.html": b"3 c/x.html", "n/a.html": b"3 n/e.html", "n/e.html": b"3 c/x.html"}
    assert town.publish(first).whole
    for state, broken_at in ((second, "c/y.html"), (third, "index.html")):
        town.mirror.fail_on = lambda operation, path, at=broken_at: unavailable("memory", "cut") if path == at else None
        assert not town.publish(state).whole
    met: list[tuple[str, str]] = []
    town.mirror.fail_on = lambda operation, path: None
    town.mirror.fail_after = lambda operation, path: met.extend(broken(town.shown))
    assert town.publish(fourth).whole
    assert town.shown == fourth and met == []


def whole(files: dict[str, bytes]) -> dict[str, tuple[str, str]]:
    """The receipts of a mirror that holds all files."""
    made = plan("m", [record(path, body) for path, body in files.items()], (), {}, 0)
    return {upload.path: (upload.sha256, upload.headers.digest) for upload in made.puts}


# --- random schedules: pages with links, read by a crawler at every moment ---

WORDS = st.sampled_from("abcdef")


@st.composite
def linked_sites(draw) -> list[dict[str, bytes]]:
    """A few states of a site after each other: home → category → notices → pictures, more pages, crumbs."""
    states = []
    for number in range(draw(st.integers(2, 4))):
        notices = draw(st.sets(WORDS, max_size=5))
        links: dict[str, list[str]] = {"index.html": [], "manifest.json": [], "alive.json": []}
        for notice in notices:
            category = f"c/{draw(st.sampled_from('xyz'))}.html"
            page, more, picture = f"n/{notice}.html", f"n/{notice}-2.html", f"m/{draw(WORDS)}.jpg"
            links.setdefault(category, ["index.html"]).append(page)
            links[page] = ["index.html", category, f"k/n/{notice}.html"]
            links[f"k/n/{notice}.html"] = [page]
            if draw(st.booleans()):
                links[page].append(more)
                links[more] = [page]
            if draw(st.booleans()):
                links[page].append(picture)
                links[picture] = []
        links["index.html"] = sorted(path for path in links if path.startswith("c/"))
        states.append({path: f"{number} {' '.join(targets)}".encode() for path, targets in links.items()})
    return states


def broken(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Links that a reader who starts at the home page can meet and that lead nowhere."""
    missing, seen, ahead = [], set(), ["index.html"] if "index.html" in files else []
    while ahead:
        page = ahead.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in files[page].decode().split()[1:]:
            if target in files:
                ahead.append(target)
            else:
                missing.append((page, target))
    return missing


@settings(max_examples=150, deadline=None)
@given(states=linked_sites(), seed=st.integers(0, 10_000), loss=st.sampled_from([0.0, 0.1, 0.4]))
def test_no_reader_ever_meets_a_broken_link(states, seed, loss) -> None:
    walk(states, seed, loss, lambda state, chance: [])


@settings(max_examples=150, deadline=None)
@given(states=linked_sites(), seed=st.integers(0, 10_000), loss=st.sampled_from([0.0, 0.1, 0.4]))
def test_nor_when_something_urgent_overtakes_the_rest(states, seed, loss) -> None:
    def urgent(state: dict[str, bytes], chance: random.Random) -> list[str]:
        notices = sorted(path for path in state if path.startswith("n/"))
        return chance.sample(notices, min(len(notices), chance.randint(0, 2)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urgency, "MANY", 0)
        patch.setattr(urgency, "links", lambda path, body: iter(body.decode().split()[1:]))
        walk(states, seed, loss, urgent)


def walk(states: list[dict[str, bytes]], seed: int, loss: float, urgent: Callable[[dict[str, bytes], random.Random], list[str]]) -> None:
    """Publish one state after the other over a line that breaks; whatever stands on the mirror at any moment has no broken link."""
    chance = random.Random(seed)  # drawn from several threads: hypothesis must not take their order for its own
    town = Town(datetime.fromisoformat("2011-03-12T12:00:00+09:00"))
    met: list[tuple[str, str]] = []

    def after(operation: str, path: str):
        met.extend(broken(town.shown))
        return unavailable("memory", "cut") if chance.random() < loss / 2 else None

    def before(operation: str, path: str):
        return unavailable("memory", "slow") if chance.random() < loss / 2 else None

    town.mirror.fail_on, town.mirror.fail_after = before, after
    for state in states:
        # Now and then a state is overtaken by the next before it has arrived.
        for _ in range(chance.randint(1, 3)):
            if town.publish(state, urgent=urgent(state, chance)).whole:
                break
    town.mirror.fail_on = lambda operation, path: None
    town.mirror.fail_after = lambda operation, path: met.extend(broken(town.shown))
    assert town.publish(states[-1]).whole
    assert town.shown == states[-1]
    assert met == []


# --- stores that lie ---


class Liar(MemoryMirror):
    """Says that it has stored everything, and loses or spoils what ``loses`` says, so many times."""

    def __init__(self, loses: dict[str, int], body: bytes | None = None, keeps: dict[str, int] | None = None) -> None:
        """``keeps``: says that it has deleted these, so many times, and has not."""
        super().__init__()
        self.loses, self.body, self.keeps = loses, body, keeps or {}

    def delete(self, path: str) -> None:
        if self.keeps.get(path, 0) > 0:
            self.keeps[path] -= 1
            self.log.append(("delete", path))
            return
        super().delete(path)

    def put(self, path: str, body: bytes, headers) -> None:
        if self.loses.get(path, 0) > 0:
            self.loses[path] -= 1
            self.log.append(("put", path))
            if self.body is not None:
                self.files[path] = (self.body, headers)
            return
        super().put(path, body, headers)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.mirrors.readback.PAUSES", (0.0, 0.0))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("spoilt", [None, b"spoilt"], ids=["lost", "spoilt"])
@pytest.mark.parametrize("path", FIRST)
def test_a_file_that_was_not_stored_is_noticed_and_sent_again(noon: datetime, path: str, spoilt: bytes | None) -> None:
    town = Town(noon, Liar({path: 1}, spoilt))
    assert town.publish(FIRST).whole
    assert town.shown == FIRST


@pytest.mark.usefixtures("hasty")
def test_a_store_that_keeps_nothing_is_told_of_and_nothing_counts_as_sent(noon: datetime) -> None:
    town = Town(noon, Liar(dict.fromkeys(FIRST, 99)))
    result = town.publish(FIRST)
    assert result.problem.code == "mirror-lying" and result.retry
    assert result.uploaded == () and town.confirmed == []
    town.mirror.loses.clear()
    assert town.publish(FIRST).whole
    assert town.shown == FIRST


@pytest.mark.usefixtures("hasty")
def test_a_file_that_was_not_deleted_is_noticed_and_deleted_again(noon: datetime) -> None:
    town = Town(noon, Liar({}, keeps={"n/old.html": 1}))
    town.publish(BEFORE)
    assert town.publish(AFTER).whole
    assert town.shown == AFTER


@pytest.mark.usefixtures("hasty")
def test_a_store_that_deletes_nothing_is_told_of_and_asked_again(noon: datetime) -> None:
    town = Town(noon, Liar({}, keeps={"n/old.html": 99}))
    town.publish(BEFORE)
    result = town.publish(AFTER)
    assert result.problem.code == "mirror-undead" and result.retry
    assert "n/old.html" not in result.deleted and result.behind
    town.mirror.keeps.clear()
    assert town.publish(AFTER).whole
    assert town.shown == AFTER


@pytest.mark.usefixtures("hasty")
def test_in_a_large_step_one_loss_that_is_seen_makes_everything_be_looked_at(noon: datetime) -> None:
    files = FIRST | site(*(f"m/{number:04}.jpg" for number in range(1000)))
    lost = {f"m/{number:04}.jpg": 1 for number in range(0, 1000, 7)}
    town = Town(noon, Liar(lost))
    assert town.publish(files).whole
    assert town.shown == files


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [130, 480, 900])
def test_a_store_that_loses_a_fifth_of_what_it_confirms_is_noticed_in_any_step(noon: datetime, count: int, seed: int) -> None:
    """A list that grew by a hundred pages at once was let through with a fifth of them missing, and nothing sent them again."""
    files = FIRST | site(*(f"m/{number:04}.jpg" for number in range(count)))
    lost = {f"m/{number:04}.jpg": 1 for number in random.Random(seed).sample(range(count), count // 5)}
    town = Town(noon, Liar(lost))
    assert town.publish(files).whole
    assert town.shown == files


def test_a_large_step_is_looked_at_in_samples(noon: datetime) -> None:
    town = Town(noon)
    asked: list[str] = []
    town.mirror.fail_on = lambda operation, path: asked.append(path) if operation == "head" else None
    town.publish(FIRST | site(*(f"m/{number:04}.jpg" for number in range(1000))))
    pictures = [path for path in asked if path.startswith("m/")]
    assert 50 <= len(pictures) <= 53
    assert {"index.html", "manifest.json", "n/a.html"} <= set(asked)


def test_alive_alone_is_one_request(town: Town) -> None:
    town.publish(FIRST)
    town.mirror.log.clear()
    town.publish(FIRST | site("alive.json", text="2"))
    assert town.mirror.log == [("put", "alive.json")]


# --- what is urgent ---


def test_an_urgent_notice_does_not_wait_for_the_routine_ones(town: Town) -> None:
    """Two hundred notices wait, the urgent one with its picture and the home page go first, and what they lead to before them."""
    backlog = {f"n/{number:03}.html": b'<a href="../index.html">' for number in range(200)}
    pages = {
        "index.html": b'<a href="n/zz.html"> <a href="n/007.html"> <a href="c/x.html"> <a href="https://example.jp/"> <a href="./">',
        "n/zz.html": b'<img src="../m/z.jpg"/> <a href="../c/y.html#top">',
        "c/y.html": b'<a href="../n/008.html">',
        "c/x.html": b'<a href="../n/009.html">',
        "m/z.jpg": b"\xff\xd8",
    }
    town.publish({"c/x.html": b"stands there already", "index.html": b"0"})
    site_ = pages | backlog
    made = hasten(town.plan(site_), ["n/zz.html"], site_.__getitem__)
    steps = [[upload.path for upload in step] for step in made.ranks]
    assert steps[:4] == [["m/z.jpg"], ["n/007.html", "n/008.html", "n/zz.html"], ["c/y.html"], ["index.html"]]
    assert sorted(path for step in steps for path in step) == sorted(site_)
    result = sync(town.mirror, made, site_.__getitem__, town.note, town.moment)
    assert result.whole


def test_without_anything_urgent_and_without_a_queue_the_order_is_the_usual_one(town: Town) -> None:
    few, many = town.plan(FIRST), town.plan(FIRST | site(*(f"m/{number}.jpg" for number in range(200))))
    assert hasten(few, ["n/a.html"], FIRST.__getitem__) is few
    assert hasten(many, [], FIRST.__getitem__) is many


def test_a_run_makes_way_for_what_is_more_urgent(town: Town) -> None:
    result = sync(
        town.mirror, town.plan(FIRST), FIRST.__getitem__, town.note, town.moment, stop=lambda: len(town.confirmed) >= 3, workers=1
    )
    assert result.stopped and result.problem is None and 3 <= len(result.uploaded) < len(FIRST)
    assert town.publish(FIRST).whole


def test_the_crawler_of_this_test_sees_a_broken_link() -> None:
    assert broken({"index.html": b"0 c/x.html", "c/x.html": b"0 n/gone.html"}) == [
        ("c/x.html", "n/gone.html")
    ]
