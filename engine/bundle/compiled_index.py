"""Which actions have a compiled form in a bundle, and where its texts are; checked at once.

Imports nothing of the compiler: most bundles are loaded without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from gatewright.dsl.sha256 import sha256
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.bundle import kinds
from gatewright.engine.bundle.decode import dumps, loads
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.index import OFFSET_BYTES, read_offsets


class Texts:
    """The texts of one action: its head, and its nodes by number."""

    def __init__(self, held: memoryview, offsets: Sequence[int], start: int, count: int) -> None:
        self._held = held
        self._offsets = offsets
        self._start = start
        self.count = count
        """How many nodes there are."""

    def head(self) -> object:
        """Read the head. Raises BundleError."""
        return self._text(self._start)

    def node(self, number: int) -> object:
        """Read a node below `count`. Raises BundleError."""
        return self._text(self._start + 1 + number)

    def _text(self, place: int) -> object:
        text = self._held[self._offsets[place] : self._offsets[place + 1]]
        return loads(bytes(text), "compiled form")


class CompiledForms:
    """The compiled forms of a bundle, by action."""

    def __init__(
        self, held: memoryview, offsets: Sequence[int], actions: Mapping[str, Any]
    ) -> None:
        self._held = held
        self._offsets = offsets
        self._actions = actions

    def of(self, action: str) -> Texts | None:
        """Return the texts of an action; None for one that has no compiled form."""
        found = self._actions.get(action)
        return None if found is None else Texts(self._held, self._offsets, *found)


def compiled_forms(
    held: Mapping[str, memoryview], hashes: Mapping[str, str], declared: Mapping[str, int]
) -> CompiledForms | None:
    """Return the compiled forms of a bundle; None where there are none that this version reads.

    `hashes` are those of all sections, `declared` the names of actions. Raises BundleError where
    the sections are malformed, or belong to other policies.
    """
    if kinds.COMPILED_SECTIONS.isdisjoint(held):
        return None
    if not held.keys() >= kinds.COMPILED_SECTIONS:
        malformed()
    index = loads(bytes(held[layout.INDEX]), "compiled form")
    fields = cast("dict[str, Any]", index) if isinstance(index, dict) else malformed()
    if fields.get("compiler") != layout.COMPILER:
        return None
    if fields.keys() != {"actions", "checked", "compiler"}:
        malformed()
    if fields["checked"] != checked_hash(hashes):
        raise BundleError("the compiled form in the bundle is that of other policies")
    total = len(held[layout.OFFSETS]) // OFFSET_BYTES - 1
    actions = _actions(fields["actions"], total)
    if not actions.keys() <= declared.keys():
        malformed()
    length = len(held[layout.TREES])
    offsets = read_offsets(bytes(held[layout.OFFSETS]), total, length)
    return CompiledForms(held[layout.TREES], offsets, actions)


def checked_hash(hashes: Mapping[str, str]) -> str:
    """Return what names a checked form: the hash of the hashes of its sections."""
    own = {name: hashed for name, hashed in hashes.items() if name in kinds.OWN_SECTIONS}
    return sha256(dumps(own).encode("ascii")).hex()


def malformed() -> NoReturn:
    """Refuse a compiled form that has not the form it is written in."""
    raise BundleError("the compiled form in the bundle is malformed")


def listed(raw: object) -> list[Any]:
    """Return what must be a list. Raises BundleError."""
    return cast("list[object]", raw) if isinstance(raw, list) else malformed()


def _actions(raw: object, total: int) -> dict[str, tuple[int, int]]:
    """Read where actions begin, and how many nodes they have; they fill the texts."""
    entries = cast("dict[str, object]", raw) if isinstance(raw, dict) else malformed()
    found: dict[str, tuple[int, int]] = {}
    for name, entry in entries.items():
        match entry:
            case [int(start), int(count)] if type(start) is int is type(count) and count >= 0:
                found[name] = start, count
            case _:
                malformed()
    expected = 0
    for start, count in sorted(found.values()):
        if start != expected:
            malformed()
        expected += 1 + count
    if expected != total:
        malformed()
    return found
