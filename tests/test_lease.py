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
from publisher.errors import BackupError, MirrorRefused, MirrorUnavailable
from publisher.mirrors.objects import FolderObjects, Item, Objects, heeds_conditions, open_objects
from publisher.mirrors.trouble import unavailable
from tests.servers import BUCKET, KEY, READER, SECRET, program, seaweedfs
from tests.test_wire import store as scripted

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
        self.late = False
        self.under_way: list[tuple[bytes, str | None]] = []

    def get(self, key: str) -> Item | None:
        self._fail("before")
        with self.lock:
            return None if self.body is None else Item(self.body, str(self.version))

    def put(self, key: str, body: bytes) -> str:
        raise AssertionError("a lease is never written without a condition")

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        self._fail("before")
        if self.late:
            self.late = False
            self.under_way.append((body, tag))
            raise slow()
        new = self._store(body, tag)
        self._fail("after")
        return new

    def arrive(self) -> None:
        """What was given up by its sender reaches the store after all."""
        late, self.under_way = self.under_way, []
        for body, tag in late:
            self._store(body, tag)

    def _store(self, body: bytes, tag: str | None) -> str | None:
        with self.lock:
            if tag != (None if self.body is None else str(self.version)):
                return None
            self.body, self.version = body, self.version + 1
            return str(self.version)

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


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_renewal_that_never_arrived_is_made_up_for_by_the_next(lost: int) -> None:
    store, clock = Memory(), Clock()
    a, b = lease(store, "a", clock), lease(store, "b", clock)
    assert a.attempt() and not b.attempt()
    for _ in range(lost):
        clock.now += a.pause
        store.before = slow()
        with pytest.raises(MirrorUnavailable):
            a.renew()
    clock.now += a.pause
    assert a.renew() and a.fence == 1 and a.leading()
    clock.now += a.right - 0.01
    assert a.leading() and not b.attempt()


def test_a_renewal_that_arrives_late_takes_nothing_from_its_sender() -> None:
    store, clock = Memory(), Clock()
    a = lease(store, "a", clock)
    assert a.attempt()
    store.late = True
    with pytest.raises(MirrorUnavailable):
        a.renew()
    look = store.get
    seen = []

    def then_it_arrives(key: str) -> Item | None:
        found = look(key)
        seen.append(store.arrive())
        return found

    store.get = then_it_arrives  # type: ignore[method-assign]
    assert a.renew() and a.fence == 1 and a.leading() and len(seen) == 2


def test_a_leader_that_was_silent_for_too_long_goes_on_only_by_writing() -> None:
    store, clock = Memory(), Clock()
    a, b = lease(store, "a", clock), lease(store, "b", clock)
    assert a.attempt() and not b.attempt()
    store.before = slow()
    with pytest.raises(MirrorUnavailable):
        a.renew()
    clock.now += a.ttl
    assert not a.leading() and b.attempt() and not a.renew() and a.fence == 0


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
    st.tuples(st.sampled_from("abc"), st.sampled_from(["attempt", "renew", "release", "sleep", "lose-before", "lose-after", "lose-late", "arrive"]), st.floats(0, 15)),
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
        if what == "lose-late":
            store.late = True
        elif what.startswith("lose"):
            setattr(store, what.removeprefix("lose-"), slow())
        elif what == "arrive":
            store.arrive()
        elif what != "sleep":
            try:
                getattr(leases[who], what)()
            except MirrorUnavailable:
                pass
            store.before = store.after = None
            store.late = False
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


# --- a store that refuses, and one that knows no conditions ---


def scripted_store(url: str) -> Objects:
    return open_objects("x", f"s3://{BUCKET}/lease", url, "us-east-1", KEY, SECRET)


def says(status: int, code: str, **headers: str):
    return lambda _: (status, {"Content-Type": "application/xml", **headers}, f"<Error><Code>{code}</Code></Error>".encode())


@pytest.mark.parametrize(
    ("status", "code", "problem"),
    [
        (403, "AccessDenied", "mirror-forbidden"),
        (403, "InvalidAccessKeyId", "mirror-keys-wrong"),
        (400, "ExpiredToken", "mirror-keys-expired"),
        (403, "RequestTimeTooSkewed", "mirror-clock"),
        (403, "QuotaExceeded", "mirror-full"),
        (404, "NoSuchBucket", "mirror-bucket"),
        (400, "Whatever", "mirror-unknown"),  # it takes no plain writing either: that says nothing about conditions
    ],
)
def test_a_store_that_refuses_us_has_not_said_that_it_heeds_no_conditions(status: int, code: str, problem: str) -> None:
    with scripted(says(status, code)) as server, pytest.raises(MirrorRefused) as caught:
        heeds_conditions(scripted_store(server.url), "try")
    assert caught.value.problem.code == problem


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (400, "NotImplemented"), (400, "InvalidArgument"), (405, "MethodNotAllowed")])
def test_a_store_that_knows_no_conditions_is_known_by_its_answer(status: int, code: str) -> None:
    def answer(handler):
        conditional = handler.headers["if-match"] or handler.headers["if-none-match"]
        return says(status, code)(handler) if conditional else (200, {}, b"")

    with scripted(answer) as server:
        assert not heeds_conditions(scripted_store(server.url), "try")


def test_two_that_write_at_the_same_moment_are_told_to_try_again_and_do() -> None:
    answers = [says(409, "ConditionalRequestConflict"), says(409, "ConditionalRequestConflict"), lambda _: (200, {}, b"")]
    with scripted(lambda handler: answers.pop(0)(handler)) as server:
        assert scripted_store(server.url).put_if("lease", b"x", None) == '"0"'
    with scripted(says(409, "ConditionalRequestConflict")) as server, pytest.raises(MirrorUnavailable):
        scripted_store(server.url).put_if("lease", b"x", None)


def test_a_clock_that_is_off_is_corrected_for_the_lease_too() -> None:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    ahead = datetime.now(UTC) + timedelta(hours=3)

    def answer(handler):
        told = datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(told - ahead) < timedelta(minutes=15):
            return 200, {}, b""
        return says(403, "RequestTimeTooSkewed", Date=format_datetime(ahead, usegmt=True))(handler)

    with scripted(answer) as server:
        assert scripted_store(server.url).put_if("lease", b"x", '"1"') == '"0"'


def test_a_conditional_write_is_never_repeated_over_another_line() -> None:
    """Its answer may have been lost after it had counted: repeated, it would be refused because of itself."""
    with scripted(lambda handler: (200, {"X-Then": "cut"}, b"")) as server:
        store = scripted_store(server.url)
        store.put_if("lease", b"1", None)
        with pytest.raises(MirrorUnavailable):
            store.put_if("lease", b"2", '"0"')
        assert len(server.seen) == 1


def test_rights_to_read_alone_are_told_by_a_real_store(tmp_path: Path) -> None:
    if program("weed") is None:
        pytest.skip("SeaweedFS is not here")
    with seaweedfs(tmp_path) as server:
        reader = open_objects("x", f"s3://{BUCKET}/lease", server.url, "us-east-1", READER, SECRET)
        with pytest.raises(MirrorRefused) as caught:
            heeds_conditions(reader, "try")
    assert caught.value.problem.code == "mirror-forbidden"
