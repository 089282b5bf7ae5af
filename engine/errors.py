"""The one exception of run-time expressions.

Whatever goes wrong while a condition is evaluated is an `EvaluationError`, and the condition is
then neither true nor false. Messages are lower-case, in policy words, and name fields, keys and
types, never the values of an action: this module cannot know which values are secret.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

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
