"""Values behave as what ``dataclasses`` would have made of the same class."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.values import as_dict, field, fields, frozen, is_value, record, replace


class _Point:
    """A place."""

    x: int
    y: int = 2
    names: tuple[str, ...] = ()
    secret: str = field(default="geheim", repr=False)
    seen: list[int] = field(default_factory=list, compare=False)

    def far(self) -> int:
        return self.x + self.y


def _theirs(slots: bool = True, is_frozen: bool = True) -> Any:
    """The same class, made by ``dataclasses``."""
    more = {
        "secret": dataclasses.field(default="geheim", repr=False), "seen": dataclasses.field(default_factory=list, compare=False), "__annotations__": dict(_Point.__annotations__),
    }  # fmt: skip
    space = {k: v for k, v in vars(_Point).items() if k not in ("__dict__", "__weakref__", "__annotations__")}
    return dataclasses.dataclass(frozen=is_frozen, slots=slots)(type("_Point", (), space | more | {"__qualname__": "_Point"}))


Point = frozen(_Point)
Loose = frozen(slots=False)(type("_Point", (), {k: v for k, v in vars(_Point).items() if k not in ("__dict__", "__weakref__")}))
Spot = record(_Point)
_values = st.fixed_dictionaries(
    {"x": st.integers(0, 2)}, optional={"y": st.integers(0, 2), "names": st.sampled_from([(), ("a",)]), "secret": st.sampled_from(["a", "b"]), "seen": st.just([1])}
)


@pytest.mark.parametrize(("ours", "theirs"), [(Point, _theirs()), (Loose, _theirs(slots=False)), (Spot, _theirs(is_frozen=False))], ids=["frozen", "loose", "record"])
@given(one=_values, two=_values)
def test_the_same_as_a_dataclass(ours: Any, theirs: Any, one: dict[str, Any], two: dict[str, Any]) -> None:
    a, b = ours(**one), ours(**two)
    c, d = theirs(**one), theirs(**two)
    assert (a == b) == (c == d)
    assert repr(a).partition("(")[2] == repr(c).partition("(")[2] and "geheim" not in repr(a)
    assert as_dict(a) == dataclasses.asdict(a) == dataclasses.asdict(c)
    assert as_dict(replace(a, **two)) == as_dict(dataclasses.replace(a, **two)) == dataclasses.asdict(dataclasses.replace(c, **two))
    assert a.far() == c.far() and a != c
    if ours is not Spot and a == b:
        assert hash(a) == hash(b)


def test_mistakes_are_those_of_a_dataclass() -> None:
    for wrong in ((), (1, 2, (), "", [], 6)):
        with pytest.raises(TypeError):
            Point(*wrong)
    with pytest.raises(TypeError):
        Point(x=1, z=2)
    with pytest.raises(TypeError, match="share"):

        @frozen
        class Shared:
            rows: list[int] = []  # noqa: RUF012

    with pytest.raises(TypeError):
        hash(Spot(1))
    for what in (Point(1), Loose(1)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            what.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del what.x
    with pytest.raises(AttributeError):
        Spot(1).other = 2
    spot = Spot(1)
    spot.x = 5
    assert spot.x == 5


def test_a_default_is_made_for_each() -> None:
    one, two = Point(1), Point(1)
    one.seen.append(3)
    assert two.seen == [] and one == two


@frozen
class Base:
    a: int
    b: int = 1


@frozen
class Derived(Base):
    b: int = 5
    c: int = field(init=False, default=7)

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError


@record
class Counted:
    start: int
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.start


@frozen(slots=False)
class Square:
    side: int = 3

    @cached_property
    def area(self) -> int:
        return self.side**2


@frozen
class Alone:
    one: str


@frozen
class Empty:
    """Nothing."""


def test_inheritance_and_what_runs_after_init() -> None:
    assert (Derived(1), as_dict(Derived(1))) == (Derived(1, 5), {"a": 1, "b": 5, "c": 7})
    assert [one.name for one in fields(Derived)] == ["a", "b", "c"] and Derived(1) != Base(1, 5)
    with pytest.raises(ValueError, match=r"^$"):
        Derived(-1)
    counted = Counted(4)
    counted.now += 1
    assert (counted.start, counted.now) == (4, 5)
    assert Square(4).area == 16 and Square() == Square(3) and Empty() == Empty() and hash(Empty()) == hash(Empty())
    assert Alone("a") == Alone("a") != Alone("b") and len({Alone("a"), Alone("a")}) == 1
    assert is_value(Alone("a")) and not is_value(Alone) and not is_value("a")


@pytest.mark.parametrize("what", [Base(1), Derived(2, 3), Counted(1), Square(2), Alone("あ"), Empty()], ids=repr)
def test_copies_and_pickles(what: Any) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(what, protocol)) == what
    assert copy.copy(what) == copy.deepcopy(what) == what
    assert dataclasses.is_dataclass(what) and [f.name for f in dataclasses.fields(what)] == [f.name for f in fields(what)]


def test_a_value_can_be_matched() -> None:
    match Derived(1, 2):
        case Base(a, b):
            assert (a, b) == (1, 2)
        case _:
            raise AssertionError


def test_no_class_costs_the_price_of_dataclasses() -> None:
    """Neither that module nor what it brings is imported for a short command."""
    code = "import sys, publisher.cli, publisher.pipeline.status; print([m for m in ('dataclasses', 'inspect') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
