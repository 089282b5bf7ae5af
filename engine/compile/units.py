"""The parts of a policy set -> units, each compiled when it is first asked for."""

from __future__ import annotations

from threading import Lock

from gatewright.engine.compile.forest import Unit
from gatewright.engine.compile.unit import compile_unit
from gatewright.engine.parts import Parts
from gatewright.engine.values import Value


class Units:
    """The units of a policy set. Threads may share it; each unit is compiled once."""

    def __init__(self, parts: Parts, data: Value, known: dict[str, Unit]) -> None:
        """Take the parts to compile, and where units are kept once they are."""
        self._parts = parts
        self._data = data
        self._lock = Lock()
        self.known = known

    def of(self, action: str) -> Unit | None:
        """Return the unit of an action; None for a name that no package declares."""
        known = self.known.get(action)
        if known is not None:
            return known
        part = self._parts.of(action)
        declared = part.policy.actions.get(action)
        if declared is None:
            return None
        with self._lock:
            if action not in self.known:
                self.known[action] = compile_unit(part.policy, self._data, declared, part.asking)
            return self.known[action]
