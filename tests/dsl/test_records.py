"""Records are what `dataclasses` makes of the same classes, only later."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from gatewright import dsl, engine
from gatewright.dsl import record_classes
from gatewright.dsl.record_methods import fields_of, init_of, is_record, names_of
from gatewright.dsl.records import dataclass
from tests.conftest import unmeasured


def make(module: Any, **options: bool) -> type[Any]:
    """Return a class with fields of each kind, made by a module with the names of `dataclasses`."""

    class Point:
        """A point."""

        kind: ClassVar[str] = "point"
        place: int = module.field(compare=False, repr=False, kw_only=True)
        name: str
        size: int = 3
        parts: tuple[int, ...] = module.field(default=())
        seen: list[int] = module.field(default_factory=list)
        tag: str = module.field(init=False, repr=False, compare=False, default="t")

        @property
        def double(self) -> int:
            return self.size * 2

    made: type[Any] = module.dataclass(**options)(Point)
    return made


FROZEN = {"frozen": True, "slots": True}
OPTIONS: dict[str, dict[str, bool]] = {
    "plain": {},
    "slots": {"slots": True},
    "frozen": {"frozen": True},
    "frozen slots": FROZEN,
    "ordered": {**FROZEN, "order": True},
    "by identity": {**FROZEN, "eq": False},
    "by identity, changing": {"eq": False},
}
SEEN: dict[str, Callable[[type[Any]], object]] = {
    "repr": lambda c: repr(c("a", place=1)),
    "keywords": lambda c: repr(c(name="a", place=1, size=4)),
    "all": lambda c: repr(c("a", 4, (1, 2), [3], place=1)),
    "missing": lambda c: c("a"),
    "unknown": lambda c: c("a", place=1, other=2),
    "too many": lambda c: c("a", 4, (1, 2), [3], "t", place=1),
    "init=False": lambda c: c("a", place=1).tag,
    "kw_only by place": lambda c: c("a", 1, (), [], 5),
    "equal": lambda c: c("a", place=1) == c("a", place=2),
    "not equal": lambda c: c("a", place=1) == c("b", place=1),
    "another class": lambda c: c("a", place=1) == "a",
    "not equal by !=": lambda c: c("a", place=1) != c("a", place=1),
    "hash": lambda c: hash(c("a", 4, (1, 2), (3,), place=1)) == hash(("a", 4, (1, 2), (3,))),
    "hash of a list": lambda c: hash(c("a", 4, (1, 2), [3], place=1)) and None,
    "less": lambda c: c("a", place=1) < c("b", place=1),
    "greater or equal": lambda c: c("a", 5, place=1) >= c("a", 5, place=1),
    "set": lambda c: setattr(c("a", place=1), "size", 5),
    "delete": lambda c: delattr(c("a", place=1), "size"),
    "copy": lambda c: repr(copy.copy(c("a", 4, place=1))),
    "deep copy": lambda c: repr(copy.deepcopy(c("a", 4, place=1))),
    "match": lambda c: c.__match_args__,
    "fields": lambda c: [
        (f.name, f.type, f.init, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(c)
    ],
    "replace": lambda c: repr(dataclasses.replace(c("a", place=1), size=9)),
    "asdict": lambda c: dataclasses.asdict(c("a", place=1)),
    "class attribute": lambda c: c.kind,
    "default on the class": lambda c: c.__dict__.get("size") == 3,
    "factory on the class": lambda c: hasattr(c("a", place=1), "__dict__"),
    "property": lambda c: c("a", 4, place=1).double,
    "slots": lambda c: c.__dict__.get("__slots__"),
    "fresh lists": lambda c: c("a", place=1).seen is c("a", place=1).seen,
    "abstract": lambda c: inspect.isabstract(c),
    "name": lambda c: (c.__name__, c.__qualname__, c.__doc__, c.__module__),
}  # fmt: skip


def seen(look: Callable[[type[Any]], object], cls: type[Any]) -> object:
    """Return what is seen, or what is raised, told without the way Python names a function."""
    try:
        return look(cls)
    except Exception as error:
        return type(error), str(error).replace(f"{cls.__qualname__}.", "")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("look", SEEN.values(), ids=SEEN)
def test_a_record_is_what_a_dataclass_is(
    look: Callable[[type[Any]], object], options: dict[str, bool]
) -> None:
    ours, standard = make(record_classes, **options), make(dataclasses, **options)
    assert seen(look, ours) == seen(look, standard)
    # Once more: the first call put the real method into the place of the stub.
    assert seen(look, ours) == seen(look, standard)


def inherit(module: Any) -> type[Any]:
    """Return a class that inherits a field and redefines another."""

    @module.dataclass(frozen=True, slots=True)
    class Top:
        a: int
        b: int = 2

    @module.dataclass(frozen=True, slots=True)
    class Below(Top):
        b: int = 5
        c: str = "c"

    return Below


def test_fields_are_inherited() -> None:
    ours, standard = inherit(record_classes), inherit(dataclasses)
    looks: tuple[Callable[[Any], object], ...] = (
        lambda c: repr(c(1)), lambda c: repr(c(1, 2, "x")), lambda c: c.__slots__,
        lambda c: c(1) == c.__base__(1), lambda c: hash(c(1)) == hash((1, 5, "c")),
    )  # fmt: skip
    for look in looks:
        assert seen(look, ours) == seen(look, standard)


def own_methods(module: Any) -> type[Any]:
    """Return a class that defines what a dataclass would be given."""

    @module.dataclass(frozen=True)
    class Own:
        a: int

        def __init__(self, text: str) -> None:
            object.__setattr__(self, "a", len(text))

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return other == self.a

        def __hash__(self) -> int:
            return 7

    return Own


def test_methods_of_the_class_are_kept() -> None:
    for module in (record_classes, dataclasses):
        made = own_methods(module)("four")
        assert (made.a, repr(made), made == 4, hash(made)) == (4, "own", True, 7)


def after(module: Any) -> type[Any]:
    """Return a class that computes a field."""

    @module.dataclass(frozen=True, slots=True)
    class After:
        a: int
        twice: int = module.field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", self.a * 2)

    return After


def test_what_a_class_computes_is_computed() -> None:
    for module in (record_classes, dataclasses):
        made = after(module)(3)
        assert made.twice == 6
        assert dataclasses.replace(made, a=4).twice == 8
    made = record_classes.replace(after(record_classes)(3), a=4)
    assert made.twice == 8
    with pytest.raises(ValueError, match="twice"):
        record_classes.replace(made, twice=9)


def test_a_subclass_may_have_more() -> None:
    """A frozen class refuses its own fields; a plain subclass may keep what it likes."""
    for module in (record_classes, dataclasses):
        below: Any = type("Below", (make(module, frozen=True),), {})
        made = below("a", place=1)
        made.more = 5
        assert made.more == 5
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.size = 5


@pytest.mark.parametrize("options", [FROZEN, {"frozen": True}], ids=["slots", "no slots"])
def test_nothing_is_added_to_what_is_frozen(options: dict[str, bool]) -> None:
    """The standard library means the same, but raises another error where there are slots."""
    with pytest.raises(dataclasses.FrozenInstanceError, match="'other'"):
        make(record_classes, **options)("a", place=1).other = 5


def test_a_dataclass_of_the_standard_library_may_follow() -> None:
    base = make(record_classes, **FROZEN)
    below: Any = dataclasses.make_dataclass("Below", [("more", int, 1)], bases=(base,), frozen=True)
    assert repr(below("a", place=2, more=4)) == "Below(name='a', size=3, parts=(), seen=[], more=4)"


def test_a_dataclass_of_the_standard_library_is_no_base() -> None:
    base = make(dataclasses, **FROZEN)
    with pytest.raises(TypeError, match="standard library"):
        checked(type("Below", (base,), {}))


def checked(cls: type[Any], **options: bool) -> type[Any]:
    """Make a class a record, and have its fields looked at."""
    made: type[Any] = record_classes.dataclass(cls, **options)
    assert fields_of(made)
    return made


def test_mistakes_are_refused() -> None:
    with pytest.raises(TypeError, match=r"b follows a, so needs a default"):
        checked(type("T", (), {"__annotations__": {"a": "int", "b": "int"}, "a": 1}))
    with pytest.raises(ValueError, match="could be changed"):
        checked(type("T", (), {"__annotations__": {"a": "list[int]"}, "a": []}))
    with pytest.raises(TypeError, match="what sets its fields"):
        checked(type("T", (), {"__setattr__": setattr, "__annotations__": {}}), frozen=True)


def test_no_record_of_ours_has_such_a_mistake() -> None:
    """What the standard library says when a class is made is found here, for all of them."""
    records = set[type[Any]]()
    for package in (dsl, engine):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" in module.name:
                continue
            found = vars(importlib.import_module(module.name)).values()
            records.update(one for one in found if isinstance(one, type) and is_record(one))
    assert len(records) > 250
    for record in records:
        names = names_of(record)
        assert names == tuple(field.name for field in dataclasses.fields(record))
        init_of(record)


@pytest.mark.parametrize("module", [record_classes, dataclasses], ids=["ours", "standard"])
@pytest.mark.parametrize("count", [1, 7, 8, 9])
def test_the_first_records_are_like_the_later_ones(module: Any, count: int) -> None:
    cls = make(module, **FROZEN)
    made = [cls("a", 2, seen=[n], place=n) for n in range(count)]
    assert [one.seen for one in made] == [[n] for n in range(count)]
    assert {repr(one).rpartition("seen=")[0] for one in made} == {
        f"{cls.__qualname__}(name='a', size=2, parts=(), "
    }
    for wrong in ({"name": "a"}, {"name": "a", "place": 1, "other": 2}, {"tag": "t", "name": "a"}):
        with pytest.raises(TypeError):
            cls(**wrong)


@pytest.mark.parametrize("module", [record_classes, dataclasses], ids=["ours", "standard"])
def test_a_class_may_make_what_its_base_makes(module: Any) -> None:
    class First:
        a: int

    Top: Any = module.dataclass(frozen=True)(First)

    @module.dataclass(frozen=True)
    class Below(Top):  # type: ignore[misc]
        b: int = 0

        def __init__(self, a: int) -> None:
            super().__init__(a)  # pyright: ignore[reportUnknownMemberType]
            object.__setattr__(self, "b", a + 1)

    class Lowest(Below):
        def __init__(self) -> None:
            super().__init__(5)  # pyright: ignore[reportUnknownMemberType]

    for _ in range(10):
        assert (Top(1).a, Below(3).b, Lowest().b) == (1, 4, 6)
    assert Below(3) == Below(3) != Top(3)
    assert (Lowest() == Lowest(), Lowest() == Below(5)) == (True, False)


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that pickle can find."""

    a: int
    b: tuple[int, ...] = ()


def test_a_record_is_pickled() -> None:
    copied = pickle.loads(pickle.dumps(Kept(1, (2,))))  # noqa: S301  # pickled here
    assert copied == Kept(1, (2,))


def test_a_record_that_holds_itself_is_shown() -> None:
    @dataclass
    class Loop:
        inner: object

    loop = Loop(None)
    loop.inner = [loop]
    assert repr(loop).endswith("Loop(inner=[...])")


def test_making_records_imports_no_dataclasses() -> None:
    code = """
import sys
from gatewright.dsl.source import Source, Span
source = Source("a", "text")
a, b = (Span(source, 0, 2) for _ in range(2))
assert a == b and hash(a) == hash(b) and repr(a)
print([name for name in ("dataclasses", "inspect") if name in sys.modules])
"""
    # Measuring a process imports them.
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=unmeasured()
    )
    assert done.stdout.strip() == "[]"
