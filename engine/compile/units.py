"""A policy set -> its units, each compiled when an action of its name first comes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.records import dataclass
from gatewright.engine.asking import Asking, asking
from gatewright.engine.compile.unit import Unit, compile_unit
from gatewright.engine.values import Value

_MOST_UNDECLARED = 256
"""For how many names that nobody declared the part of the policy is kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """What concerns one action, and which of its texts ask a history."""

    policy: CheckedPolicy
    asking: Asking


class Units:
    """The units of a policy set. Threads may share it; each unit is compiled once."""

    def __init__(self, about: Callable[[str], CheckedPolicy], data: Value) -> None:
        self._about = about
        self._data = data
        self._lock = Lock()
        self._parts: dict[str, Part] = {}
        self._undeclared = lru_cache(_MOST_UNDECLARED)(self._made)
        self.known: dict[str, Unit] = {}
        """The units compiled so far. HOT: `evaluate` looks here before it calls anything."""

    def of(self, action: str) -> Unit | None:
        """Return the unit of an action; None for a name that no package declares."""
        known = self.known.get(action)
        if known is not None:
            return known
        part = self._undeclared(action)
        declared = part.policy.actions.get(action)
        if declared is None:
            return None
        with self._lock:
            if action not in self.known:
                self._parts[action] = part
                self.known[action] = compile_unit(part.policy, self._data, declared, part.asking)
            return self.known[action]

    def part(self, action: str) -> Part:
        """Return what concerns an action, declared or not; the same while its unit is in use."""
        self.of(action)
        return self._parts.get(action) or self._undeclared(action)

    def _made(self, action: str) -> Part:
        policy = self._about(action)
        return Part(policy, asking(policy))
