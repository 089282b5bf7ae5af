"""`agreement(rule, within: 90d)`: how often reviewers approved what a rule sent them.

Source: docs/language.md#history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatewright.dsl import ast
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Timestamp, Value

if TYPE_CHECKING:
    from gatewright.engine.history.query import HistoryStore

Evaluate = Callable[[ast.Expr], Value]


@dataclass(frozen=True, slots=True)
class AgreementFunction:
    """The function `agreement` as one package's conditions see it."""

    package: str
    history: Callable[[], HistoryStore]
    now: Timestamp

    def select(self, field: str) -> Value:
        """Refuse: it is called, not read."""
        raise EvaluationError("no_such_field", "`agreement` is a function")

    def has(self, field: str) -> bool:
        """Return false: a function has no fields."""
        return False

    def invoke(self, method: str, arguments: tuple[ast.Argument, ...], evaluate: Evaluate) -> Value:
        """Answer `agreement(rule, within: 90d)`, a double from 0 to 1."""
        match arguments:
            case (
                ast.Argument(None, ast.Name(name=rule)),
                ast.Argument("within", within),
            ) if not method:
                name = f"{self.package}.{rule}"
                # What asks histories: imported where one is asked, since every scope has this name.
                from gatewright.engine.history.host import ask_agreement

                return ask_agreement(self.history(), name, evaluate(within), self.now)
            case _:
                raise EvaluationError(
                    "invalid_argument", "write `agreement(rule_name, within: 90d)`"
                )
