"""Never two leaders: over real stores, lost answers, sleeping machines; and always one again."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.backup.key import Key
from publisher.backup.lease import OBJECT, Lease
from publisher.backup.seal import Sealer
from publisher.errors import BackupError, MirrorUnavailable
from publisher.mirrors.objects import FolderObjects, Item, Objects, open_objects
from publisher.mirrors.trouble import unavailable
from tests.servers import BUCKET, KEY, SECRET, program, seaweedfs

SEALER = Sealer(Key(bytes(32)))


class Clock:
    """A machine's own clock: it starts anywhere and moves only when told."""

    def __init__(self, start: float = 0.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


class Memory:
    """One object with versions, and answers that get lost."""

    def __init__(self) -> None:
        self.name, self.body, self.version = "memory", None, 0
        self.lock = threading.Lock()
        self.before: MirrorUnavailable | None = None
        self.after: MirrorUnavailable | None = None

    def get(self, key: str) -> Item | None:
        self._fail("before")
        with self.lock:
            return None if self.body is None else Item(self.body, str(self.version))

    def put(self, key: str, body: bytes) -> str:
        raise AssertionError("a lease is never written without a condition")

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        self._fail("before")
        with self.lock:
            if tag != (None if self.body is None else str(self.version)):
                return None
            self.body, self.version = body, self.version + 1
            new = str(self.version)
        self._fail("after")
        return new

    def delete(self, key: str) -> None:
        self.body = None

    def list(self, prefix: str) -> Iterator:
        return iter(())

    def _fail(self, when: str) -> None:
        error = getattr(self, when)
        if error is not None:
            setattr(self, when, None)
            raise error


def slow() -> MirrorUnavailable:
    return unavailable("x", "slow")


def lease(store: Objects, holder: str, clock: Clock, takeover: float = 30.0) -> Lease:
    return Lease(store, SEALER, holder, f"machine-{holder}", takeover, clock)


def test_the_first_leads_the_second_waits_until_it_has_aged() -> None:
    store, clock_a, clock_b = Memory(), Clock(1000), Clock(5)
    a, b = lease(store, "a", clock_a), lease(store, "b", clock_b)
    assert a.attempt() and a.leading() and a.fence == 1
    assert not b.attempt() and not b.leading()
    clock_b.now += a.ttl - 0.1
    assert not b.attempt()
    clock_b.now += 0.2
    assert b.attempt() and b.leading() and b.fence == 2
    clock_a.now += a.ttl
    assert not a.leading() and not a.renew() and a.fence == 0


def test_a_lease_that_is_renewed_never_ages() -> None:
    store, clock = Memory(), Clock()
    a, b = lease(store, "a", clock), lease(store, "b", clock)
    assert a.attempt()
    for _ in range(200):
        clock.now += a.pause
        assert a.renew() and a.leading()
        assert not b.attempt()


def test_a_leader_that_cannot_renew_falls_silent_well_before_anybody_can_take_over() -> None:
    store, clock = Memory(), Clock()
    a = lease(store, "a", clock)
    assert a.attempt()
    while a.leading():
        clock.now += 0.5
        store.before = slow()
        with pytest.raises(MirrorUnavailable):
            a.renew()
    assert clock.now <= a.right + 0.5
    assert a.ttl - a.right >= 10  # an upload that is under way has ended by then: ten seconds without a byte are its limit


def test_a_leader_that_slept_does_not_speak_when_it_wakes() -> None:
    clock = Clock()
    a = lease(Memory(), "a", clock)
    assert a.attempt()
    clock.now += 3600
    assert not a.leading()


def test_clocks_of_machines_are_never_compared() -> None:
    """One clock stands a century ahead and one runs backwards from the other's view: only spans count."""
    store = Memory()
    a, b = lease(store, "a", Clock(3e9)), lease(store, "b", Clock(-3e9))
    assert a.attempt() and not b.attempt() and not b.attempt()


def test_a_lost_answer_counts_from_when_it_was_asked() -> None:
    store, clock = Memory(), Clock()
    a = lease(store, "a", clock)
    assert a.attempt()
    until = clock.now + a.right
    clock.now += 1
    store.after = slow()
    with pytest.raises(MirrorUnavailable):
        a.renew()
    assert a.leading()
    clock.now = until - 0.01
    assert a.leading()
    assert a.renew() and a.fence == 1
    clock.now += a.right - 0.01
    assert a.leading()


def test_a_lost_answer_to_the_first_write_makes_no_second_leader() -> None:
    store, clock = Memory(), Clock()
    a, b = lease(store, "a", clock), lease(store, "b", clock)
    store.after = slow()
    with pytest.raises(MirrorUnavailable):
        a.attempt()
    assert not a.leading() and not b.attempt()
    assert a.attempt() and a.fence == 1


def test_a_released_lease_is_taken_at_once() -> None:
    store, clock = Memory(), Clock()
    a, b = lease(store, "a", clock), lease(store, "b", clock)
    assert a.attempt()
    a.release()
    assert not a.leading() and b.attempt() and b.fence == 2
    assert not a.attempt()


def test_the_same_machine_started_again_need_not_wait() -> None:
    store, clock = Memory(), Clock()
    assert lease(store, "a", clock).attempt()
    again = lease(store, "a", clock)
    assert again.attempt() and again.fence == 2


def test_another_key_s_lease_is_told() -> None:
    store = Memory()
    assert lease(store, "a", Clock()).attempt()
    with pytest.raises(BackupError, match="当番"):
        Lease(store, Sealer(Key(b"\1" * 32)), "b", "b", 30.0, Clock()).attempt()


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["attempt", "renew", "release", "sleep", "lose-before", "lose-after"]), st.floats(0, 15)),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_no_history_makes_two_leaders(steps: list[tuple[str, str, float]]) -> None:
    """All clocks advance alike; answers get lost; machines sleep. At every moment at most one may speak, and fences only grow."""
    store = Memory()
    offset = {"a": 0.0, "b": 1e6, "c": -1e6}
    clocks = {name: Clock(start) for name, start in offset.items()}
    leases = {name: lease(store, name, clocks[name]) for name in offset}
    highest = 0
    for who, what, span in steps:
        for name, clock in clocks.items():
            clock.now += span
            assert name in offset
        if what.startswith("lose"):
            setattr(store, what.removeprefix("lose-"), slow())
        elif what != "sleep":
            try:
                getattr(leases[who], what)()
            except MirrorUnavailable:
                pass
            store.before = store.after = None
        leaders = [one for one in leases.values() if one.leading()]
        assert len(leaders) <= 1
        if leaders:
            assert leaders[0].fence >= highest
            highest = leaders[0].fence


# --- real stores ---


@pytest.fixture(scope="module", params=["folder", "seaweedfs"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A way to open the same store once more, as another machine would."""
    folder: Path = tmp_path_factory.mktemp("lease")
    if request.param == "folder":
        yield lambda: FolderObjects("x", folder / "store")
        return
    if program("weed") is None:
        pytest.skip("SeaweedFS is not here")
    with seaweedfs(folder) as server:
        yield lambda: open_objects("x", f"s3://{BUCKET}/lease", server.url, "us-east-1", KEY, SECRET)


ROUNDS = 24


def contest(stores, rounds: int, machines: int = 3, seed: int = 1) -> tuple[int, int]:
    """Machines that try at the same time and in turn, the lease free or aged each time; returns (rounds, changes of the leader)."""
    clocks = [Clock(1000.0 * n) for n in range(machines)]
    members = [lease(stores(), str(n), clocks[n]) for n in range(machines)]
    chance, highest, changes = random.Random(seed), 0, 0
    with ThreadPoolExecutor(machines) as pool:
        for number in range(rounds):
            together = number % 2 == 0
            if number % 5 == 4:
                for member in members:
                    if member.leading():
                        member.release()
            else:  # nobody heard of the leader for long enough
                for member in members:
                    if not member.leading():
                        member.attempt()
                for clock in clocks:
                    clock.now += 100
            assert not any(member.leading() for member in members)
            chance.shuffle(members)
            if together:
                barrier = threading.Barrier(machines)

                def go(member: Lease, barrier: threading.Barrier = barrier) -> bool:
                    barrier.wait(30)
                    return member.attempt()

                won = list(pool.map(go, members))
            else:
                won = [member.attempt() for member in members]
            leaders = [member for member in members if member.leading()]
            assert len(leaders) <= 1 and sum(won) <= 1, (number, won)
            if not leaders:  # all saw a stale version at once: the next try decides
                leaders = [member for member in members if member.attempt()]
            [leader] = leaders
            assert leader.fence > highest
            highest, changes = leader.fence, changes + 1
    return rounds, changes


def test_one_of_several_wins_and_never_two(stores) -> None:
    stores().delete(OBJECT)
    rounds, changes = contest(stores, ROUNDS)
    assert rounds == changes == ROUNDS
