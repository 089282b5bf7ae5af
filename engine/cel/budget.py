"""What one evaluation may cost, and all evaluations of a decision: counters that only go down.

A unit is one evaluated sub-expression, one turn of a comprehension, one element of a list read or
built, or ten characters of text. Whatever builds something charges for it before it is built, so
that the memory of an evaluation is bounded by its budget. Source: docs/language.md#limits.
"""

from __future__ import annotations

from gatewright.engine.errors import EvaluationError

DEFAULT_STEPS = 100_000
CHARS_A_STEP = 10

DECISION_STEPS = 300_000
"""How many steps the evaluations of a decision have together, as far as they count."""
FREE_STEPS = 100
"""How many steps of each evaluation do not count against those of a decision."""
TEXT_SHARE = 4
"""Of how many steps for text one counts: they take far less time than others."""


class Budget:
    """How many steps are left. Once spent it stays spent: every later charge raises again."""

    __slots__ = ("_left", "_of_text", "limit")

    def __init__(self, limit: int = DEFAULT_STEPS) -> None:
        self.limit = limit
        self._left = limit
        self._of_text = 0

    @property
    def spent(self) -> int:
        """How many steps were charged, at most the limit."""
        return self.limit - max(self._left, 0)

    @property
    def counted(self) -> int:
        """How many of the steps that were charged count against those of a decision."""
        return counted(self.spent - self._of_text + self._of_text // TEXT_SHARE)

    def charge(self, steps: int = 1) -> None:
        """Take steps; raises EvaluationError `cost_limit` when there are none left."""
        self._left -= steps
        if self._left < 0:
            raise EvaluationError(
                "cost_limit", f"the condition costs more than its limit of {self.limit} steps"
            )

    def charge_text(self, length: int) -> None:
        """Take what reading or building a text of that many characters or bytes costs."""
        steps = length // CHARS_A_STEP
        self._of_text += min(steps, max(self._left, 0))  # no more than can be spent
        self.charge(steps)


class OutOfSteps(EvaluationError):
    """The conditions of a decision cost too much together: none of them has an answer."""

    def __init__(self) -> None:
        super().__init__(
            "cost_limit",
            f"the conditions of the decision cost more than {DECISION_STEPS} steps together",
        )


def counted(steps: int) -> int:
    """Return how many steps of an evaluation count, where none of them is for text."""
    return max(steps - FREE_STEPS, 0)


def is_affordable(taken: int) -> bool:
    """Tell whether a decision has so many steps that count."""
    return taken <= DECISION_STEPS


class Allowance:
    """What the evaluations of one decision may cost together, each on a budget of its own.

    Only the sum counts, so the order in which they take from it makes no difference.
    """

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = 0
        """How many steps were taken that count."""

    @property
    def is_spent(self) -> bool:
        """Whether more was taken than there is."""
        return not is_affordable(self.taken)

    def take(self, budget: Budget) -> None:
        """Take what an evaluation has spent of its budget; raises OutOfSteps once all is taken."""
        self.taken += budget.counted
        if self.is_spent:
            raise OutOfSteps

    def refill(self) -> None:
        """Begin anew."""
        self.taken = 0
