"""Equality and order of values.

Equality is CEL's: values of different kinds are unequal, numbers compare by what they are worth
(exactly, also int with double: the one wanted deviation from CEL). Where an answer would hide a
mistake it is an error instead: two currencies, money with a plain number, a decimal with a double.
A text of no declared type is read as the duration, instant or money that it is compared with.
Strings are compared in Unicode normal form C, and pay for that only where it could matter.
Source: docs/language.md#expressions, #action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeAlias

from gatewright.engine.cel.budget import CHARS_A_STEP, Budget
from gatewright.engine.cel.untyped import UntypedText, read_beside
from gatewright.engine.errors import EvaluationError, absorbing
from gatewright.engine.values import (
    Duration,
    ExtensionValue,
    Map,
    Money,
    OptionalValue,
    Timestamp,
    TypeValue,
    Value,
    a_kind,
    kind_of,
    nfc,
)

READ_BESIDE_TEXT = tuple({"string", kind} for kind in ("duration", "timestamp", "money"))
"""Pairs of kinds in which a text of no declared type is read as the other kind."""

MAX_VALUE_DEPTH = 64
"""How deep lists and maps may nest where a function walks through them."""

Number: TypeAlias = int | float | Decimal

FREE_TEXT = 2_000
"""How many characters are put into normal form without a charge."""
MAX_GROWTH = 16
"""How many times longer than another an equal text can be.

Full decomposition gives at most 4 characters for one, so that composing takes at most 4 into one.
"""

NUMERIC_KINDS = frozenset({"int", "uint", "double", "decimal"})
ORDERED_KINDS = NUMERIC_KINDS | {"bool", "string", "bytes", "timestamp", "duration", "money"}


def equal(left: Value, right: Value, budget: Budget, depth: int = 0) -> bool:
    """Tell whether two values are equal; charges for every element that is looked at.

    Raises EvaluationError `currency_mismatch` or `type_mismatch` where they may not be compared.
    """
    budget.charge()
    check_depth(depth)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and _all_equal(zip(left, right, strict=True), budget, depth)
    if isinstance(left, Map) and isinstance(right, Map):
        return _maps_equal(left, right, budget, depth)
    if isinstance(left, OptionalValue) and isinstance(right, OptionalValue):
        both = left.present and right.present
        return equal(left.content, right.content, budget, depth + 1) if both else left == right
    return _scalars_equal(left, right, budget)


def check_depth(depth: int) -> None:
    """Refuse to walk deeper into nested values than `MAX_VALUE_DEPTH`."""
    if depth > MAX_VALUE_DEPTH:
        raise EvaluationError(
            "cost_limit", f"lists and maps nest deeper than {MAX_VALUE_DEPTH} levels"
        )


def _all_equal(pairs: Iterable[tuple[Value, Value]], budget: Budget, depth: int) -> bool:
    """Compare pairwise; one unequal pair decides even where another pair is an error."""
    return absorbing(lambda pair: equal(pair[0], pair[1], budget, depth + 1), pairs, stop=False)


def _maps_equal(left: Map, right: Map, budget: Budget, depth: int) -> bool:
    budget.charge(len(left))
    if len(left) == len(right):
        for key in left:
            charge_key(key, budget)
    pairs = left.beside(right)
    return pairs is not None and _all_equal(pairs, budget, depth)


def _scalars_equal(left: Value, right: Value, budget: Budget) -> bool:
    if isinstance(left, Money) and isinstance(right, Money):
        return compare_money(left, right) == 0
    if isinstance(left, str) and isinstance(right, str):
        return texts_equal(left, right, budget)
    if isinstance(left, bytes) and isinstance(right, bytes):
        budget.charge_text(min(len(left), len(right)))
    kinds = {kind_of(left), kind_of(right)}
    if kinds <= NUMERIC_KINDS or ("money" in kinds and kinds & NUMERIC_KINDS):
        _refuse_inexact(left, right)
        return left == right
    if len(kinds) == 2 and kinds in READ_BESIDE_TEXT:
        left, right = read_beside(left, right), read_beside(right, left)
        return type(left) is type(right) and compare(left, right, budget) == 0
    return len(kinds) == 1 and _same_kind_equal(left, right)


def texts_equal(left: str, right: str, budget: Budget) -> bool:
    """Tell whether two texts are equal in normal form C; charges for what is read of them.

    That is the shorter one. A longer one may have to be put into normal form, which is not charged
    for up to `FREE_TEXT` characters: what is compared with a constant shall cost the same always.
    """
    longer, shorter = max(len(left), len(right)), min(len(left), len(right))
    budget.charge_text(shorter)
    if left == right:
        return True
    if (left.isascii() and right.isascii()) or longer > MAX_GROWTH * shorter:
        return False
    charge_long(longer, budget)
    return nfc(left) == nfc(right)


def charge_long(length: int, budget: Budget) -> None:
    """Charge for putting a text into normal form, where it is long."""
    if length > FREE_TEXT:
        budget.charge_text(length)


def charge_key(key: Value, budget: Budget) -> None:
    """Charge for looking a key up in a map: texts are put into normal form and read."""
    if isinstance(key, str):
        budget.charge_text(len(key))


def _same_kind_equal(left: Value, right: Value) -> bool:
    plain = (type(None), bool, bytes, Timestamp, Duration, TypeValue, ExtensionValue)
    if isinstance(left, plain):
        return left == right
    # Objects of the host have no equality but their own identity.
    return left is right


def _refuse_inexact(left: Value, right: Value) -> None:
    kinds = {kind_of(left), kind_of(right)}
    if kinds == {"decimal", "double"}:
        raise EvaluationError(
            "type_mismatch",
            "a decimal cannot be compared with a double: write the number as a literal, "
            'or use `decimal("...")`',
        )
    if "money" in kinds:
        raise EvaluationError(
            "type_mismatch",
            f"{a_kind(left)} cannot be compared with {a_kind(right)}: write a currency, `50 USD`",
        )


def compare_money(left: Money, right: Money) -> int:
    """Compare two amounts of one currency: -1, 0 or 1."""
    common_currency(left, right)
    return (left.amount > right.amount) - (left.amount < right.amount)


def common_currency(left: Money, right: Money) -> str | None:
    """Return the currency of both; raises EvaluationError `currency_mismatch` where they differ."""
    if None in (left.currency, right.currency) or left.currency == right.currency:
        return left.currency or right.currency
    raise EvaluationError(
        "currency_mismatch", f"{left.currency} and {right.currency} are different currencies"
    )


def compare(left: Value, right: Value, budget: Budget) -> int | None:
    """Return -1, 0 or 1 for the order of two values; None where one is not a number (NaN).

    Charges for the texts that it reads. Raises EvaluationError `type_mismatch` for kinds that have
    no order between them.
    """
    kinds = {kind_of(left), kind_of(right)}
    if isinstance(left, Money) and isinstance(right, Money):
        return compare_money(left, right)
    if kinds <= NUMERIC_KINDS or ("money" in kinds and kinds & NUMERIC_KINDS):
        _refuse_inexact(left, right)
        return _compare_numbers(left, right)  # type: ignore[arg-type]
    if UntypedText in (type(left), type(right)) and kinds in READ_BESIDE_TEXT:
        return compare(read_beside(left, right), read_beside(right, left), budget)
    if len(kinds) > 1 or not kinds <= ORDERED_KINDS:
        raise EvaluationError(
            "type_mismatch", f"{a_kind(left)} cannot be compared with {a_kind(right)}"
        )
    for side in (left, right):
        if isinstance(side, (str, bytes)):
            budget.charge_text(len(side))
    if isinstance(left, str) and isinstance(right, str):
        left, right = nfc(left), nfc(right)
    return (left > right) - (left < right)  # type: ignore[operator]


def _compare_numbers(left: Number, right: Number) -> int | None:
    """Compare by worth; Python compares int, float and Decimal exactly."""
    if left != left or right != right:
        return None
    return (left > right) - (left < right)


def ordering(values: tuple[Value, ...], budget: Budget) -> Callable[[Value, Value], int]:
    """Return the order of values of one kind, for sorting; every comparison is charged.

    Raises EvaluationError `type_mismatch` where the kinds differ or have no order.
    """
    budget.charge(len(values))
    kinds = {kind_of(value) for value in values}
    if len(kinds) > 1 or not kinds <= ORDERED_KINDS:
        odd = next(v for v in values if kind_of(v) != kind_of(values[0]) or len(kinds) == 1)
        raise EvaluationError(
            "type_mismatch", f"{a_kind(values[0])} and {a_kind(odd)} have no order"
        )

    def order(left: Value, right: Value) -> int:
        budget.charge()
        found = compare(left, right, budget)
        if found is None:
            raise EvaluationError("invalid_argument", "NaN has no place in an order")
        return found

    return order


def contains(values: Iterable[Value], wanted: Value, budget: Budget) -> bool:
    """Tell whether one of the values equals `wanted`; errors as in `any_equal`."""
    return any_equal(((value, wanted) for value in values), budget)


def has_text(values: tuple[Value, ...], wanted: str, budget: Budget) -> bool:
    """Tell whether a list has a text, as `any_equal` would. Plain texts cost what reading costs."""
    try:
        charge_long(0 if wanted.isascii() else len(wanted), budget)
        normal = nfc(wanted)
    except EvaluationError:  # it has half of a character
        return contains(values, wanted, budget)
    if normal in values:
        seen = values[: values.index(normal) + 1]
        budget.charge_text(_size_of_texts(seen, normal))
        return True
    others = [value for value in values if type(value) is not str or not value.isascii()]
    budget.charge_text(_size_of_texts(values, normal) - CHARS_A_STEP * len(others))
    return contains(others, wanted, budget)


def _size_of_texts(values: tuple[Value, ...], wanted: str) -> int:
    """Return as how much text it counts to compare a text with plain texts, one after another."""
    size = CHARS_A_STEP * len(values)
    if len(wanted) >= CHARS_A_STEP:
        shared = (min(len(v), len(wanted)) for v in values if type(v) is str and v.isascii())
        size += sum(length // CHARS_A_STEP for length in shared) * CHARS_A_STEP
    return size


def any_equal(pairs: Iterable[tuple[Value, Value]], budget: Budget) -> bool:
    """Tell whether the two values of some pair are equal.

    A comparison that is an error counts only where no other pair is equal.
    """
    return absorbing(lambda pair: equal(pair[0], pair[1], budget), pairs, stop=True)
