"""What the fields of simulated records may hold: JSON in, the JSON that is kept out.

A value is refused rather than rounded or cut. Knows no record and no system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import Unsupported
from gatewright.engine.values import Money, Timestamp

MAX_TEXT: Final = 20_000
"""How many characters a text may have."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: how its values are read, and what a new record has in it."""

    read: Callable[[Json], Json]
    """Returns the value as it is kept; raises ValueError or EvaluationError."""
    what: str
    """What its values are, in words."""
    default: Json = None
    """What a new record has. None: the field may be empty."""

    def fit(self, name: str, value: Json) -> Json:
        """Return a value as it is kept; raises Unsupported where the field cannot hold it."""
        if value is None and self.default is None:
            return None
        try:
            return self.read(value)
        except (ValueError, EvaluationError):
            raise Unsupported(f"`{name}` must be {self.what}") from None


def text(default: str | None = None) -> Field:
    """Return a field for texts."""
    return Field(_text, f"a text of at most {MAX_TEXT} characters", default)


def money(default: str | None = None) -> Field:
    """Return a field for exact amounts, kept as `75.00 USD`."""
    return Field(lambda value: read_money(value).text, "money such as 75.00 USD", default)


def choice(first: str, *others: str) -> Field:
    """Return a field for one of some texts; a new record has the first."""
    values = (first, *others)

    def read(value: Json) -> Json:
        if value not in values:
            raise ValueError("none of them")
        return value

    return Field(read, f"one of {', '.join(values)}", first)


def truth(default: bool) -> Field:
    """Return a field for true and false."""
    return Field(_truth, "true or false", default)


def read_money(value: Json) -> Money:
    """Return an amount, `75.00 USD` or `{"amount": "75.00", "currency": "USD"}`.

    Raises ValueError or EvaluationError.
    """
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        value = f"{value['amount']} {value['currency']}"
    if not isinstance(value, str):
        raise ValueError("no money")
    return Money.parse(value)


def _text(value: Json) -> Json:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError("no text, or too long")
    value.encode()  # raises ValueError for half a character
    return value


def _truth(value: Json) -> Json:
    if not isinstance(value, bool):
        raise ValueError("no truth value")
    return value


def _whole(value: Json) -> Json:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("no count")
    return value


def _texts(value: Json) -> Json:
    if not isinstance(value, list) or len(value) > MAX_TEXT:
        raise ValueError("no list, or too long")
    return [_text(item) for item in value]


COUNT: Final = Field(_whole, "a count", 0)
TEXTS: Final = Field(_texts, "a list of texts", cast("list[Json]", []))
INSTANT: Final = Field(
    lambda value: Timestamp.parse(cast("str", _text(value))).text,
    "an instant such as 2026-12-24T12:00:00Z",
)
