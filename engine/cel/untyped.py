"""Text of no declared type, such as an attribute of an agent, beside a typed value.

JSON has no durations, instants or money, and what the host tells of an agent has no declared type
that would make them of its texts. So a comparison reads such a text as what it is compared with:
`agent.age < 14d` of `"3d"`. A text that is not written so has no answer. Texts that a declared type
calls `string`, that a policy writes, or that a function made are strings, as in CEL.
Source: docs/language.md#choices.
"""

from __future__ import annotations

from typing import Final

from gatewright.dsl.late_regex import late
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Map, Money, Timestamp, Value, kind_of

_DAYS_OR_WEEKS = late(r"(-?[0-9]{1,6})([dw])")
_DAY_NANOS = 86_400 * 10**9
_EXAMPLES: Final = {"duration": "`30d` or `3600s`", "timestamp": "`2026-12-02T00:00:00Z`",
                    "money": "`75.00 USD`"}  # fmt: skip


class UntypedText(str):
    """A text of no declared type; everywhere but beside such a value it is just a string."""

    __slots__ = ()


def untyped(value: Value) -> Value:
    """Return a value with its texts marked, also those in lists and maps. Keys stay as they are.

    Cost: linear in the size of the value.
    """
    if isinstance(value, str):
        return UntypedText(value)
    if isinstance(value, tuple):
        return tuple([untyped(item) for item in value])
    if isinstance(value, Map):
        return Map((key, untyped(item)) for key, item in value.items())
    return value


def read_beside(value: Value, other: Value) -> Value:
    """Return a value as it is compared with another one; errors as in `read_as`."""
    return read_as(value, kind_of(other)) if isinstance(value, UntypedText) else value


def read_as(text: UntypedText, kind: str) -> Value:
    """Return a text as a duration, timestamp or money; as it is beside any other kind.

    Raises EvaluationError `type_mismatch` for a text that is not written so.
    """
    try:
        match kind:
            case "duration":
                return duration_of(text)
            case "timestamp":
                return Timestamp.parse(text)
            case "money":
                return Money.parse(text)
            case _:
                return text
    except EvaluationError:
        raise EvaluationError(
            "type_mismatch", f"the text is no {kind} such as {_EXAMPLES[kind]}"
        ) from None


def duration_of(text: str) -> Duration:
    """Read `30d` and `2w` as the language's literals, the rest as `duration(text)` does.

    Raises EvaluationError `invalid_argument` or `overflow`.
    """
    match = _DAYS_OR_WEEKS.fullmatch(text)
    if match is None:
        return Duration.parse(text)
    days = int(match.group(1)) * (7 if match.group(2) == "w" else 1)
    return Duration(days * _DAY_NANOS)
