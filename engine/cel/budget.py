"""What one evaluation may cost: a counter that only goes down.

A unit is one evaluated sub-expression, one turn of a comprehension, one element of a list read or
built, or ten characters of text. Whatever builds something charges for it before it is built, so
that the memory of an evaluation is bounded by its budget. Source: docs/language.md#limits.
"""

from __future__ import annotations

from gatewright.engine.errors import EvaluationError

DEFAULT_STEPS = 100_000
CHARS_A_STEP = 10


class Budget:
    """How many steps are left. Once spent it stays spent: every later charge raises again."""

    __slots__ = ("_left", "limit")

    def __init__(self, limit: int = DEFAULT_STEPS) -> None:
        self.limit = limit
        self._left = limit

    @property
    def spent(self) -> int:
        """How many steps were charged, at most the limit."""
        return self.limit - max(self._left, 0)

    def charge(self, steps: int = 1) -> None:
        """Take steps; raises EvaluationError `cost_limit` when there are none left."""
        self._left -= steps
        if self._left < 0:
            raise EvaluationError(
                "cost_limit", f"the condition costs more than its limit of {self.limit} steps"
            )

    def charge_text(self, length: int) -> None:
        """Take what reading or building a text of that many characters or bytes costs."""
        self.charge(length // CHARS_A_STEP)
