"""Frozen values and records with slots: what ``dataclasses`` makes, made when it is first used.

``@frozen`` is ``@dataclass(frozen=True, slots=True)``, ``@record`` is ``@dataclass(slots=True)``. That decorator writes and compiles six functions for a
class, and needs modules of its own for it: of ``publisher status`` that was two fifths. Here comparison, hash and text are
the same functions for all classes, and ``__init__`` is compiled at the first instance. To others (``dataclasses.replace``, ``fields``, type checkers) these are dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform, overload

C = TypeVar("C", bound=type)
V = TypeVar("V")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""No default was given."""


class Field:
    """One value of a class. ``metadata`` is for those who declare it; ``init=False`` keeps it out of ``__init__``."""

    __slots__ = ("compare", "default", "default_factory", "init", "metadata", "name", "repr", "type")

    def __init__(self, default: Any, default_factory: Any, init: bool, repr: bool, compare: bool, metadata: Mapping[str, Any]) -> None:
        self.name = self.type = ""
        self.default, self.default_factory, self.init, self.repr, self.compare, self.metadata = default, default_factory, init, repr, compare, metadata


def field(
    *, default: Any = MISSING, default_factory: Any = MISSING, init: bool = True, repr: bool = True, compare: bool = True,
    metadata: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """As ``dataclasses.field``; what is no part of ``compare`` is no part of the hash either."""
    return Field(default, default_factory, init, repr, compare, metadata or {})


@overload
def frozen(cls: C, /) -> C: ...
@overload
def frozen(*, slots: bool) -> Callable[[C], C]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, slots: bool = True) -> Any:
    """A value: nothing of it can be set again, equal ones have one hash. ``slots=False`` where a ``cached_property`` needs a place."""
    return _made(cls, True, slots) if cls is not None else lambda late: _made(late, True, slots)


@dataclass_transform(field_specifiers=(field,))
def record(cls: C, /) -> C:
    """A value whose fields can be set again; it has no hash."""
    return cast(C, _made(cls, False, True))


def fields(what: object) -> tuple[Field, ...]:
    """The fields of a class or of one of its values, in their order."""
    return what.__value_fields__  # type: ignore[attr-defined]


def is_value(what: object) -> bool:
    return not isinstance(what, type) and hasattr(what, "__value_fields__")


def as_dict(value: object) -> dict[str, Any]:
    """The fields by name; values within stay what they are (``dataclasses.asdict`` goes into them)."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def replace(value: V, /, **changes: Any) -> V:
    """The same value with other fields."""
    for one in fields(value):
        if one.init and one.name not in changes:
            changes[one.name] = getattr(value, one.name)
    return value.__class__(**changes)


def _made(cls: type, is_frozen: bool, slots: bool) -> type:
    """``cls`` with fields; a new class with slots, which can be had in no other way."""
    own = {name: _field(cls, name, type_) for name, type_ in getattr(cls, "__annotations__", {}).items()}
    inherited = {one.name: one for base in reversed(cls.__mro__[1:]) for one in base.__dict__.get("__value_fields__", ())}
    every = (inherited | own).values()
    names = [one.name for one in every if one.compare]
    # Of one name attrgetter gives the bare value; a pair of it compares like the tuple of one.
    key = attrgetter(*names * 2 if len(names) == 1 else names or ("__class__",))
    given: dict[str, Any] = {
        "__value_fields__": tuple(every), "__value_key__": key, "__dataclass_fields__": _Described(), "__match_args__": tuple(one.name for one in every if one.init),
    }  # fmt: skip
    methods: dict[str, Any] = {"__repr__": _repr, "__eq__": _eq, "__hash__": _hash if is_frozen else None}
    if is_frozen:
        methods |= {"__setattr__": _set, "__delattr__": _delete}
        if slots:
            methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    space = dict(cls.__dict__)
    if space.get("__hash__", cls) is None:  # Python's mark on a class with an ``__eq__`` of its own
        del space["__hash__"]
    given |= {name: method for name, method in methods.items() if name not in space}
    if not slots:
        for one in own.values():
            given[one.name] = one.default
        made = cls
        for name, what in given.items():
            if what is not MISSING:
                setattr(cls, name, what)
            elif name in space:
                delattr(cls, name)
    else:
        for name in (*own, "__dict__", "__weakref__"):
            space.pop(name, None)
        made = type(cls)(cls.__name__, cls.__bases__, space | given | {"__slots__": tuple(name for name in own if name not in inherited)})
        made.__qualname__ = cls.__qualname__
    if "__init__" not in space:
        made.__init__ = _late(made, is_frozen, slots)  # type: ignore[misc]
    return made


def _field(cls: type, name: str, type_: Any) -> Field:
    default = cls.__dict__.get(name, MISSING)
    one = default if isinstance(default, Field) else Field(default, MISSING, True, True, True, {})
    one.name, one.type = name, type_
    if one.default.__class__.__hash__ is None:
        raise TypeError(f"{cls.__name__}.{name}: all values would share this default, use default_factory")
    return one


def _late(owner: type, is_frozen: bool, slots: bool) -> Callable[..., None]:
    def __init__(self: object, *values: Any, **named: Any) -> None:
        init = _compiled(owner, is_frozen, slots)
        owner.__init__ = init  # type: ignore[misc]
        init(self, *values, **named)

    return __init__


def _compiled(owner: type, is_frozen: bool, slots: bool) -> Callable[..., None]:
    """``__init__`` of a class. A frozen one sets its slots through their descriptors, past its own ``__setattr__``."""
    known: dict[str, Any] = {"_unset": MISSING}
    takes, does = [], []
    for one in fields(owner):
        name, value = one.name, one.name
        if one.default_factory is not MISSING:
            known[f"_make_{name}"] = one.default_factory
            value = f"_make_{name}() if {name} is _unset else {name}" if one.init else f"_make_{name}()"
            takes += [f"{name}=_unset"] if one.init else []
        elif one.default is not MISSING:
            known[f"_default_{name}"] = one.default
            value = name if one.init else f"_default_{name}"
            takes += [f"{name}=_default_{name}"] if one.init else []
        elif one.init:
            takes.append(name)
        else:
            continue
        if is_frozen and slots:
            known[f"_set_{name}"] = getattr(owner, name).__set__
            does.append(f"_set_{name}(self, {value})")
        else:
            does.append(f"self.__dict__[{name!r}] = {value}" if is_frozen else f"self.{name} = {value}")
    if hasattr(owner, "__post_init__"):
        does.append("self.__post_init__()")
    exec(f"def __init__(self, {', '.join(takes)}):\n " + "\n ".join(does or ["pass"]), known)
    init = known["__init__"]
    init.__qualname__ = f"{owner.__qualname__}.__init__"
    return init


class _Described:
    """What ``dataclasses`` asks a class for, made for the few who ask."""

    def __get__(self, value: object, owner: type) -> Mapping[str, Any]:
        import dataclasses

        def described(one: Field) -> Any:
            default = {"default": one.default} if one.default is not MISSING else {"default_factory": one.default_factory} if one.default_factory is not MISSING else {}
            return dataclasses.field(init=one.init, repr=one.repr, compare=one.compare, metadata=one.metadata, kw_only=False, **default)

        made = dataclasses.make_dataclass(owner.__name__, [(one.name, one.type, described(one)) for one in fields(owner)])
        owner.__dataclass_fields__ = made.__dataclass_fields__  # type: ignore[attr-defined]
        return made.__dataclass_fields__


def _repr(self: Any) -> str:
    return f"{self.__class__.__qualname__}({', '.join(f'{one.name}={getattr(self, one.name)!r}' for one in fields(self) if one.repr)})"


def _eq(self: Any, other: Any) -> bool:
    if self.__class__ is not other.__class__:
        return NotImplemented
    key = self.__value_key__
    return key(self) == key(other)


def _hash(self: Any) -> int:
    return hash(self.__value_key__(self))


def _set(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
