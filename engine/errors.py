"""The one exception of run-time expressions, and when it is absorbed.

Whatever goes wrong while a condition is evaluated is an `EvaluationError`, and the condition is
then neither true nor false. Messages are lower-case, in policy words, and name fields, keys and
types, never the values of an action: this module cannot know which values are secret.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias, TypeVar

T = TypeVar("T")

ErrorCode: TypeAlias = Literal[
    "no_such_field",
    "no_such_name",
    "no_such_function",
    "no_such_key",
    "type_mismatch",
    "overflow",
    "divide_by_zero",
    "currency_mismatch",
    "inexact",
    "invalid_argument",
    "cost_limit",
    "unknown_risk",
    "not_answered",
]


class EvaluationError(Exception):
    """A condition that has no value. `code` is stable; `message` is for people."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message

    def __reduce__(self) -> tuple[type[EvaluationError], tuple[ErrorCode, str]]:
        return EvaluationError, (self.code, self.message)


def absorbing(holds: Callable[[T], bool], items: Iterable[T], *, stop: bool) -> bool:
    """Return `stop` if one of the items comes to that, however many others are errors.

    Else the first error is raised, and without any all came to `not stop`. So `&&` and `all` stop
    at false, `||` and `exists` at true. A spent budget and an error of `items` itself end it at
    once. Source: docs/language.md#how-a-decision-is-made; cel-spec langdef.md, "Logical Operators".
    """
    error: EvaluationError | None = None
    for item in items:
        try:
            if holds(item) is stop:
                return stop
        except EvaluationError as raised:
            if raised.code == "cost_limit":
                raise
            error = error or raised
    if error is not None:
        raise error
    return not stop
