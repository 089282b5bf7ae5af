"""A policy set -> what concerns one action: the same object each time, for the actions declared."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gatewright.dsl.garbage import uncollected
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.records import dataclass
from gatewright.engine.explaining.asking import Asking, asking

_MOST_UNDECLARED = 256
"""For how many names that nobody declared the part of the policy is kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """What concerns one action, and which of its texts ask a history."""

    policy: CheckedPolicy
    asking: Asking


class Parts:
    """The parts of a policy set by the names of actions. Threads may share it."""

    def __init__(self, about: Callable[[str], CheckedPolicy]) -> None:
        self._about = about
        self._declared: dict[str, Part] = {}
        self._undeclared = lru_cache(_MOST_UNDECLARED)(self._made)

    def of(self, action: str) -> Part:
        """Return what concerns an action, declared or not."""
        known = self._declared.get(action)
        if known is not None:
            return known
        part = self._undeclared(action)
        if action not in part.policy.actions:
            return part
        # INVARIANT: of threads that come at once all get the same, since a compiled unit and the
        # interpreter tell rules by identity.
        return self._declared.setdefault(action, part)

    def _made(self, action: str) -> Part:
        with uncollected():
            policy = self._about(action)
            return Part(policy, asking(policy))
