"""A checked policy -> its units, each compiled when an action of its name first comes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from threading import Lock

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.compile.unit import Unit, compile_unit
from gatewright.engine.narrow import Narrowing
from gatewright.engine.values import Value


class Units:
    """The units of a policy set. Threads may share it; each unit is compiled once."""

    def __init__(self, policy: CheckedPolicy, data: Value, asking: Mapping[int, object]) -> None:
        self._policy = policy
        self._data = data
        self._asking = asking
        self.known: dict[str, Unit] = {}
        """The units compiled so far. HOT: `evaluate` looks here before it calls anything."""
        self._lock = Lock()

    @cached_property
    def _narrowing(self) -> Narrowing:
        return Narrowing(self._policy)

    def of(self, action: str) -> Unit | None:
        """Return the unit of an action; None where the interpreter decides about all of them.

        So it does about what no package declares.
        """
        return self.known.get(action) or self._compiled(action)

    def policy_for(self, action: str) -> CheckedPolicy:
        """Return the part of the policy that concerns an action, declared or not."""
        unit = self.of(action)
        return self._narrowing.of(action) if unit is None else unit.policy

    def _compiled(self, action: str) -> Unit | None:
        declared = self._policy.actions.get(action)
        if declared is None:
            return None
        with self._lock:
            if action not in self.known:
                narrow = self._narrowing.of(action)
                self.known[action] = compile_unit(narrow, self._data, declared, self._asking)
            return self.known[action]
