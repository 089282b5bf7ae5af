"""Secret values of an action, to be found wherever else they turn up.

A connector may write a parameter into a field of another name; an agent may repeat it in its
reasons. Amounts and numbers are known in any spelling, texts of some length also within others.
What a connector makes of a secret, such as a digest of it, is not recognised.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, cast

from gatewright.engine.errors import EvaluationError
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.values import Money

SHORTEST_PART: Final = 4
"""Shorter texts are no secrets within others: they would hide everything."""
LONGEST_NUMBER: Final = 400


class SecretValues:
    """The secret values of one action."""

    def __init__(self, data: object, masked: object) -> None:
        """Take what stands in `data` wherever `masked` has the mask."""
        values = [value for value in _hidden(data, masked) if value not in (None, "", MASK)]
        self._tokens = {_token(value) for value in values}
        texts = {value for value in values if isinstance(value, str)}
        self._parts = sorted((t for t in texts if len(t) >= SHORTEST_PART), key=len, reverse=True)

    def are_in(self, value: object) -> bool:
        """Tell whether a secret is in a value or somewhere within it."""
        return any(_token(leaf) in self._tokens or self._within(leaf) for leaf in _leaves(value))

    def cleared(self, value: object) -> object:
        """Return JSON with the mask in the place of secrets in its texts."""
        if isinstance(value, Mapping):
            entries = cast("Mapping[str, object]", value)
            return {self._text(name): self.cleared(entry) for name, entry in entries.items()}
        if isinstance(value, list):
            return [self.cleared(entry) for entry in cast("list[object]", value)]
        if isinstance(value, str):
            return self._text(value)
        return MASK if self.are_in(value) else value

    def _text(self, text: str) -> str:
        if _token(text) in self._tokens:
            return MASK
        for part in self._parts:
            text = text.replace(part, MASK)
        return text

    def _within(self, leaf: object) -> bool:
        return isinstance(leaf, str) and any(part in leaf for part in self._parts)


def _hidden(data: object, masked: object) -> Iterator[object]:
    """Give the scalars of `data` that `masked` does not show."""
    if masked == MASK:
        yield from _leaves(data)
    elif isinstance(data, Mapping) and isinstance(masked, Mapping):
        entries, shown = cast("Mapping[str, object]", data), cast("Mapping[str, object]", masked)
        for name, entry in entries.items():
            yield from _hidden(entry, shown.get(name, MASK))
    elif isinstance(data, list) and isinstance(masked, list):
        for entry, part in zip(
            cast("list[object]", data), cast("list[object]", masked), strict=False
        ):
            yield from _hidden(entry, part)


def _leaves(value: object) -> Iterator[object]:
    """Give the scalars of a value, keys of maps too."""
    if isinstance(value, Mapping):
        for name, entry in cast("Mapping[str, object]", value).items():
            yield name
            yield from _leaves(entry)
    elif isinstance(value, list | tuple):
        for entry in cast("list[object]", value):
            yield from _leaves(entry)
    else:
        yield value


def _token(value: object) -> tuple[str, object]:
    """Return what is equal for equal values, however they are written."""
    if isinstance(value, bool) or value is None:
        return "other", value
    text = unicodedata.normalize("NFC", str(value)).strip()
    try:
        number = Decimal(text[:LONGEST_NUMBER])
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite() and len(text) <= LONGEST_NUMBER:
        return "number", number
    try:
        money = Money.parse(text)
    except EvaluationError:
        return "text", text
    return "money", (money.amount, money.currency)
