"""What an expression sees that is evaluated while an action is compiled: data and lets, no action.

Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatewright.dsl.policy import Package
from gatewright.engine.cel.budget import Allowance
from gatewright.engine.errors import EvaluationError
from gatewright.engine.scope import PolicyScope
from gatewright.engine.values import Value

OF_A_DECISION: Final = frozenset({"action", "changes", "target", "agent", "context", "now", "risk"})
"""Names of what only a decision has."""


class ConstantScope(PolicyScope):
    """The scope of one package. What only a decision has is there, but nobody knows it yet."""

    __slots__ = ()

    @classmethod
    def of(
        cls,
        package: Package,
        data: Value,
        imported: Callable[[str], PolicyScope],
        allowance: Allowance,
    ) -> ConstantScope:
        """Return the scope of a package; its lets take from the allowance."""
        asked = dict.fromkeys([*package.histories, *package.calendars, "agreement"])
        return cls(package, {"data": data}, dict(asked), imported, allowance)

    def lookup(self, name: str, absolute: bool) -> Value:
        """Return what a name stands for.

        Raises EvaluationError: `no_such_name`, or `cost_limit` for what only a decision has. That
        is absorbed by nothing: else `action.x.exists(...) || true` were a constant, though reading
        the action may cost too much.
        """
        if name in OF_A_DECISION or name in self.own:
            raise EvaluationError("cost_limit", f"`{name}` is known when a decision is taken")
        return super().lookup(name, absolute)
