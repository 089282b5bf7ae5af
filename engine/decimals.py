"""Exact decimals: of limited length, in plain form, read from text and written as text.

Plain form has no exponent above 0, so that a number is written as it stands and equal amounts are
equal texts but for zeros at the end.
"""

from __future__ import annotations

from decimal import Clamped, Context, Decimal, InvalidOperation, Overflow, Rounded

from gatewright.dsl.late_regex import late
from gatewright.engine.errors import EvaluationError

MAX_DIGITS = 60
"""How many digits a decimal may have before the point, after it, and in all."""

_WIDE = Context(prec=4 * MAX_DIGITS)
PLAIN = Context(
    prec=MAX_DIGITS,
    Emin=-1,
    Emax=MAX_DIGITS - 1,
    clamp=1,
    traps=[Clamped, InvalidOperation, Overflow, Rounded],
)
"""Gives exact decimals in plain form, and raises ArithmeticError where that takes more steps."""


def exact_decimal(number: Decimal) -> Decimal:
    """Return the number in plain form, refusing what is not finite or longer than `MAX_DIGITS`.

    Trailing zeros count only where the number would fit without them. What is given back is a plain
    Decimal, whatever a subclass would answer.
    """
    # HOT: benchmarks/past.py, sums of money. Nearly all numbers are in plain form already, which
    # one operation finds out; of zero it gives the positive one, as below.
    if type(number) is not Decimal:
        number = Decimal(number)
    try:
        plain = PLAIN.plus(number)
    except ArithmeticError:
        return plain_form(number)
    return plain if plain.is_finite() else plain_form(number)


def plain_form(number: Decimal) -> Decimal:
    """Return what `exact_decimal` gives for any Decimal, step by step."""
    if not number.is_finite():
        raise EvaluationError("invalid_argument", "a decimal must be a finite number")
    if not number:
        return number.copy_abs() if -MAX_DIGITS <= _exponent(number) <= 0 else Decimal(0)
    if not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS:
        raise _too_many_digits()
    if _is_long(number):
        number = number.normalize(Context(prec=len(number.as_tuple().digits)))
        if _is_long(number):
            raise _too_many_digits()
    return number.quantize(Decimal(1), context=_WIDE) if _exponent(number) > 0 else number


def _is_long(number: Decimal) -> bool:
    return len(number.as_tuple().digits) > MAX_DIGITS or _exponent(number) < -MAX_DIGITS


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _too_many_digits() -> EvaluationError:
    return EvaluationError("overflow", f"a decimal has at most {MAX_DIGITS} digits")


_DECIMAL_TEXT = late(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,8})?")


def parse_decimal(text: str) -> Decimal:
    """Read `1.50` or `1.5e3` exactly; raises EvaluationError `invalid_argument` or `overflow`."""
    if len(text) > 4 * MAX_DIGITS or not _DECIMAL_TEXT.fullmatch(text):
        raise EvaluationError("invalid_argument", "the text is not a decimal number")
    return exact_decimal(Decimal(text))


def decimal_text(number: Decimal) -> str:
    """Write a decimal without an exponent, with the digits it has: `1.50`."""
    return format(number, "f")
