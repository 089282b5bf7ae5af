"""`"%.2f of %s".format([x, y])`: the strings extension's formatting.

Precision and result are bounded. Source: cel-spec doc/extensions/strings.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import check_depth
from gatewright.engine.cel.registry import Library
from gatewright.engine.decimals import decimal_text
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import double_text
from gatewright.engine.values import (
    Duration,
    ExtensionValue,
    Map,
    Money,
    Timestamp,
    TypeValue,
    Value,
    a_kind,
)

LIBRARY = Library()

MAX_PRECISION = 100
"""How many digits after the point a clause may ask for."""

_CLAUSE = re.compile(r"%(?:(%)|(?:\.([0-9]+))?([a-zA-Z]))?")
_WIDE = Context(prec=500, rounding=ROUND_HALF_EVEN)


@LIBRARY.member("format", "string", "list", metered=True)
def format_(budget: Budget, template: str, arguments: tuple[Value, ...]) -> str:
    pieces: list[str] = []
    used = 0
    last = 0
    for clause in _CLAUSE.finditer(template):
        pieces.append(template[last : clause.start()])
        last = clause.end()
        if clause.group(1):
            pieces.append("%")
            continue
        if used >= len(arguments):
            raise EvaluationError("invalid_argument", f"`format` has no argument {used}")
        piece = _formatted(clause, arguments[used], budget)
        budget.charge_text(len(piece))
        pieces.append(piece)
        used += 1
    return "".join((*pieces, template[last:]))


def _formatted(clause: re.Match[str], value: Value, budget: Budget) -> str:
    precision, verb = clause.group(2), clause.group(3)
    if precision is not None and (verb not in "ef" or len(precision) > 3):
        raise EvaluationError("invalid_argument", "`format` takes a precision for %e and %f only")
    digits = int(precision or 6)
    if digits > MAX_PRECISION:
        raise EvaluationError(
            "invalid_argument", f"`format` writes at most {MAX_PRECISION} digits after the point"
        )
    match verb:
        case "s":
            return "".join(_as_text(value, budget, 0))
        case "d":
            return _as_integer(value)
        case "e" | "f":
            return _as_fraction(value, digits, verb)
        case "x" | "X":
            text = _as_hexadecimal(value)
            return text.upper() if verb == "X" else text
        case "o" | "b":
            return _in_base(value, verb)
        case _:
            raise EvaluationError("invalid_argument", "`format` knows %s %d %f %e %x %X %o %b")


def _as_text(value: Value, budget: Budget, depth: int) -> Iterator[str]:
    """Give the pieces of `%s`; charged one by one, since a value may hold another many times."""
    budget.charge()
    check_depth(depth)
    if isinstance(value, tuple):
        yield "["
        for position, item in enumerate(value):
            yield ", " if position else ""
            yield from _as_text(item, budget, depth + 1)
        yield "]"
    elif isinstance(value, Map):
        yield from _map_text(value, budget, depth)
    else:
        text = _scalar_text(value)
        budget.charge_text(len(text))
        yield text


def _map_text(value: Map, budget: Budget, depth: int) -> Iterator[str]:
    budget.charge(len(value))
    keys = sorted(((_scalar_text(key), key) for key in value), key=lambda pair: pair[0])
    yield "{"
    for position, (text, key) in enumerate(keys):
        yield f"{', ' if position else ''}{text}: "
        yield from _as_text(value[key], budget, depth + 1)
    yield "}"


def _scalar_text(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return re.sub("\ufffd+", "\ufffd", value.decode(errors="replace"))
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, (Timestamp, Duration, Money, ExtensionValue)):
        return value.text
    raise _refused(value, "s")


def _as_integer(value: Value) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return double_text(value)
    raise _refused(value, "d")


def _as_fraction(value: Value, digits: int, verb: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _refused(value, verb)
    if isinstance(value, float) and not math.isfinite(value):
        return double_text(value)
    if verb == "e":
        return f"{float(value):.{digits}e}"
    exact = Decimal(value)
    return format(exact.quantize(Decimal(1).scaleb(-digits), context=_WIDE), "f")


def _as_hexadecimal(value: Value) -> str:
    if isinstance(value, (str, bytes)):
        data = value.encode(errors="replace") if isinstance(value, str) else value
        return data.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return format(int(value), "x")
    raise _refused(value, "x")


def _in_base(value: Value, verb: str) -> str:
    if isinstance(value, int) and (verb == "b" or not isinstance(value, bool)):
        return format(int(value), verb)
    raise _refused(value, verb)


def _refused(value: Value, verb: str) -> EvaluationError:
    return EvaluationError("type_mismatch", f"`format` cannot write {a_kind(value)} with %{verb}")
