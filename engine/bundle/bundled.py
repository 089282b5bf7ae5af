"""The sections of a bundle -> a checked policy, as much of it as is asked for.

Hashes, the index, the sources and their digest are checked when a bundle is loaded. A declaration's
syntax tree is read when something about an action first needs it, and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from gatewright.dsl import ast
from gatewright.dsl.digest import canonical, digest_of
from gatewright.dsl.garbage import uncollected
from gatewright.dsl.policy import (
    ActionType,
    CheckedPolicy,
    Floor,
    Invariant,
    Json,
    Package,
    Permit,
    PolicyException,
    Risk,
    Route,
    Rule,
    Test,
)
from gatewright.dsl.records import replace
from gatewright.dsl.source import Source
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.container import Container, Manifest
from gatewright.engine.bundle.decode import decode, decode_file, loads
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.index import Index, read_index, read_offsets
from gatewright.engine.bundle.schema import FINGERPRINT
from gatewright.engine.narrow import suspending

if TYPE_CHECKING:
    from gatewright.engine.bundle.compiled_index import CompiledForms, Texts

T = TypeVar("T")

_MOST_PARTS = 1024
"""How many actions' parts are kept ready."""


class BundledPolicy:
    """A policy set in a bundle. Safe to share between threads."""

    def __init__(self, container: Container) -> None:
        """Check what every decision needs. Raises BundleError."""
        self.manifest: Manifest = container.manifest
        self._held = container.sections
        if self.manifest.schema != FINGERPRINT:
            raise BundleError(
                "the bundle was written by another version of gatewright, "
                f"{self.manifest.gatewright}; build it again"
            )
        missing = sorted(kinds.OWN_SECTIONS - self._held.keys())
        if missing:
            raise BundleError(f"the bundle has no section `{missing[0]}`")
        self._index: Index = read_index(bytes(self._held["index"]))
        self._units = _Units(self._held, self._index)
        self.data: Mapping[str, Json] = _data(bytes(self._held["data"]))
        if digest_of(self._units.sources, self.data) != self.manifest.digest:
            raise BundleError("the bundle's digest is not that of its sources and data")
        self._compiled = self._compiled_forms(container)
        self._framed = lru_cache(_MOST_PARTS)(self._frame_of)
        self._part = lru_cache(_MOST_PARTS)(self._narrowed)

    def _compiled_forms(self, container: Container) -> CompiledForms | None:
        if kinds.COMPILED_SECTIONS.isdisjoint(self._held):
            return None
        # Imported where actions are large; most bundles have none.
        from gatewright.engine.bundle.compiled_index import compiled_forms

        return compiled_forms(self._held, container.hashes, self._index.names["actions"])

    @property
    def digest(self) -> str:
        """`sha256:...` over the sources and the data."""
        return self.manifest.digest

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the fields that are masked wherever values are shown."""
        return self._index.secrets

    @property
    def sections(self) -> Mapping[str, bytes]:
        """The sections that hold no part of the policy set, and are their writer's own."""
        own = kinds.OWN_SECTIONS | kinds.COMPILED_SECTIONS
        return {name: bytes(held) for name, held in self._held.items() if name not in own}

    def held(self, section: str) -> bytes:
        """Return a section as it stands in the bundle; raises KeyError where there is none."""
        return bytes(self._held[section])

    @property
    def sources(self) -> Sequence[Source]:
        """The sources that declarations were read from, by number."""
        return self._units.sources

    @property
    def has_compiled(self) -> bool:
        """Whether there is a compiled form that this version reads."""
        return self._compiled is not None

    def compiled(self, action: str) -> Texts | None:
        """Return the compiled form of an action; None where the bundle has none of it."""
        return None if self._compiled is None else self._compiled.of(action)

    def covering(self, kind: str, action: str) -> list[int]:
        """Return the positions of the declarations of a kind that concern an action."""
        declared = self._actions.get(action)
        home = declared.package if declared is not None else None
        return self._index.covers[kind].covering(action, home)

    def declared(self, kind: str, cls: type[T], place: int) -> T:
        """Return the declaration of a kind at a position; the same object each time.

        Raises BundleError.
        """
        return self._units.read(kind, cls, place)

    def frame(self, action: str) -> CheckedPolicy:
        """Return what all decisions about an action have in common: no rules, but what they name.

        The floors are those of `default`. Raises BundleError. Cost: that of the floors.
        """
        return self._framed(action)

    def narrowed(self, action: str) -> CheckedPolicy:
        """Return what concerns an action, as `Narrowing.of` does, with one file at most.

        Raises BundleError for a declaration that is malformed. Cost: linear in what covers the
        action, once.
        """
        return self._part(action)

    def _frame_of(self, action: str) -> CheckedPolicy:
        places = self.covering("defaults", action)
        return CheckedPolicy(
            packages=self._packages,
            actions=self._actions,
            routes=self._routes,
            defaults=tuple(self._units.read("defaults", Floor, place) for place in places),
            on_errors=(),
            permits=(),
            risks=(),
            rules=(),
            exceptions=(),
            invariants=(),
            tests=(),
            data=self.data,
            digest=self.digest,
            files=_Heads(self._units, self._index.counts[kinds.HEADS]),
        )

    def _narrowed(self, action: str) -> CheckedPolicy:
        def kept(kind: str, cls: type[T]) -> tuple[T, ...]:
            return tuple(self._units.read(kind, cls, n) for n in self.covering(kind, action))

        rules = kept("rules", Rule)
        suspended = suspending(self._index.suspensions, (rule.qualified for rule in rules))
        part = replace(
            self.frame(action),
            on_errors=kept("on_errors", Floor),
            permits=kept("permits", Permit),
            risks=kept("risks", Risk),
            rules=rules,
            exceptions=tuple(
                self._units.read("exceptions", PolicyException, place) for place in suspended
            ),
            invariants=kept("invariants", Invariant),
        )
        refuse_unknown_names(part)
        return part

    @cached_property
    def whole(self) -> CheckedPolicy:
        """The whole checked policy. Raises BundleError. Cost: linear in the policy set."""
        with uncollected():
            return self._whole()

    def _whole(self) -> CheckedPolicy:
        units = self._units
        return CheckedPolicy(
            packages=dict(self._packages),
            actions=dict(self._actions),
            routes=dict(self._routes),
            defaults=units.all("defaults", Floor),
            on_errors=units.all("on_errors", Floor),
            permits=units.all("permits", Permit),
            risks=units.all("risks", Risk),
            rules=units.all("rules", Rule),
            exceptions=units.all("exceptions", PolicyException),
            invariants=units.all("invariants", Invariant),
            tests=units.all("tests", Test),
            data=self.data,
            digest=self.digest,
            files=units.files(),
        )

    @cached_property
    def _packages(self) -> Mapping[str, Package]:
        return _Lazy(self._units, "packages", Package, self._index.names["packages"])

    @cached_property
    def _actions(self) -> Mapping[str, ActionType]:
        return _Lazy(self._units, "actions", ActionType, self._index.names["actions"])

    @cached_property
    def _routes(self) -> Mapping[str, Route]:
        return _Lazy(self._units, "routes", Route, self._index.names["routes"])


class _Units:
    """The units of a bundle, each read once."""

    def __init__(self, held: Mapping[str, memoryview], index: Index) -> None:
        self.sources = _sources(bytes(held["sources"]))
        self._index = index
        self._bytes = held["units"]
        self._offsets = read_offsets(bytes(held["offsets"]), index.total, len(self._bytes))
        self._read: dict[int, Any] = {}

    def read(self, kind: str, cls: type[T], place: int) -> T:
        """Return one declaration of a kind."""
        return self.numbered(cls, self._index.starts[kind] + place)

    def numbered(self, cls: type[T], number: int) -> T:
        """Return the declaration of a unit; the same object each time."""
        found = self._read.get(number)
        if found is None:
            # INVARIANT: threads get the same object, since decisions know rules by identity.
            found = self._read.setdefault(number, decode(cls, self._text(number), self.sources))
        return cast(T, found)

    def all(self, kind: str, cls: type[T]) -> tuple[T, ...]:
        """Return all declarations of a kind."""
        return tuple(self.read(kind, cls, n) for n in range(self._index.counts[kind]))

    def files(self) -> tuple[ast.File, ...]:
        """Return the files; declarations that are rules, tests and invariants are theirs."""
        start = self._index.starts[kinds.FILES]
        return tuple(
            decode_file(self._text(start + n), self.sources, self._declaration)
            for n in range(self._index.counts[kinds.FILES])
        )

    def _declaration(self, number: int) -> ast.Declaration:
        for kind in kinds.DECLARED:
            start, count = self._index.starts[kind], self._index.counts[kind]
            if start <= number < start + count:
                read: Any = self.numbered(kinds.KINDS[kind], number)
                return cast(ast.Declaration, read.declaration)
        raise BundleError("a declaration in the bundle is malformed")

    def _text(self, number: int) -> bytes:
        return bytes(self._bytes[self._offsets[number] : self._offsets[number + 1]])


def refuse_unknown_names(part: CheckedPolicy) -> None:
    """Refuse declarations that name routes or packages which the bundle does not hold."""
    floors = (*part.defaults, *part.on_errors)
    effects = [
        *(row.effect for rule in part.rules for row in rule.rows),
        *(f.effect for f in floors),
    ]
    routes = {r for effect in effects for r in (*effect.routes, *chain(*effect.orders))}
    packages = {
        *(one.package for one in part.rules), *(one.package for one in part.risks),
        *(one.package for one in part.permits), *(one.package for one in part.exceptions),
    }  # fmt: skip
    if not (routes <= part.routes.keys() and packages <= part.packages.keys()):
        raise BundleError("the bundle names a route or package that it does not hold")


class _Lazy(Mapping[str, T], Generic[T]):
    """Declarations by name, read when they are asked for."""

    def __init__(self, units: _Units, kind: str, cls: type[T], numbers: Mapping[str, int]) -> None:
        self._units = units
        self._kind = kind
        self._cls = cls
        self._numbers = numbers

    def __getitem__(self, name: str) -> T:
        return self._units.numbered(self._cls, self._numbers[name])

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class _Heads(Sequence["ast.File"]):
    """The first file without its declarations, read where a decision has no other place."""

    def __init__(self, units: _Units, count: int) -> None:
        self._units = units
        self._count = count

    @overload
    def __getitem__(self, place: int) -> ast.File: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ast.File]: ...
    def __getitem__(self, place: int | slice) -> ast.File | Sequence[ast.File]:
        return self._units.all(kinds.HEADS, ast.File)[place]

    def __len__(self) -> int:
        return self._count


# --- sections that are read at once


def _sources(text: bytes) -> tuple[Source, ...]:
    raw = loads(text, "sources")
    found: list[Source] = []
    for entry in cast("list[object]", raw) if isinstance(raw, list) else [None]:
        match entry:
            case [str(name), str(body)]:
                found.append(Source(name, body))
            case _:
                raise BundleError("the sources of the bundle are malformed")
    return tuple(found)


def _data(text: bytes) -> Mapping[str, Json]:
    raw = loads(text, "data")
    try:
        frozen = _frozen(raw)
    except RecursionError:
        frozen = None
    if not isinstance(frozen, Mapping) or canonical(frozen).encode("ascii") != text:
        raise BundleError("the data of the bundle are malformed")
    return frozen


def _frozen(value: object) -> Json:
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return MappingProxyType({key: _frozen(item) for key, item in entries.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in cast("list[object]", value))
    return cast(Json, value)
