"""The shape of an action that was read: which values it has, and their classes, not what they are.

Actions of one shape share one object. So compiled code knows by a single look where each value
stands, which are missing, and what need not be checked any more. HOT: the refund policy of
benchmarks/; by its parts an action is twenty objects all over the memory, its values are a tuple.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

from gatewright.engine.decimals import MAX_DIGITS
from gatewright.engine.values import Money, Value

Path: TypeAlias = tuple[str, ...]
"""`("params", "amount")`, `("attributes", "status")` of the target, `("target", "id")`,
`("agent", "team")`, `("changes", "Stage", "old")`, `("context", "trigger")`, `("at",)`."""

MOST_SHAPES: Final = 4_096
"""How many shapes are told apart in a process; actions of others have none."""
MOST_VALUES: Final = 64
MOST_CHARS: Final = 2_000
"""How many values an action with a shape has at most, and how long what it says of them is."""

NAMED: Final[frozenset[Path]] = frozenset([("target", "system"), ("target", "object")])
"""The values that a shape tells: there are few, and types fix them."""
_IN_HUNDREDTHS: Final[Path] = ("hundredths",)
_LARGEST: Final = Decimal(10) ** 15
_WIDE: Final = Context(prec=4 * MAX_DIGITS)


class Shape:
    """The places of values, in order, and what is told of each. Compared by identity.

    After each value that is money stands its amount in hundredths, None where that is no whole
    number.
    """

    __slots__ = ("details", "kinds", "paths")

    def __init__(
        self,
        paths: tuple[Path, ...],
        kinds: tuple[type[Any], ...],
        details: tuple[str | None, ...],
    ) -> None:
        self.paths = paths
        self.kinds = kinds
        self.details = details
        """The currencies of money, and the names in `NAMED`; None for all else."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _interned, (self.paths, self.kinds, self.details)


_known: Final[dict[object, Shape]] = {}


def _interned(
    paths: tuple[Path, ...], kinds: tuple[type[Any], ...], details: tuple[str | None, ...]
) -> Shape | None:
    """Return the one shape of its kind; None where there are too many."""
    key = (paths, kinds, details)
    shape = _known.get(key)
    if shape is not None or len(_known) >= MOST_SHAPES:
        return shape
    steps = sum(len(step) for path in paths for step in path)
    if steps + sum(len(detail) for detail in details if detail) > MOST_CHARS:
        return None
    # Of threads that come at once all get the same.
    return _known.setdefault(key, Shape(*key))


def laid_out(parts: Iterable[tuple[Path, Value]]) -> tuple[Shape | None, tuple[Value, ...]]:
    """Return the shape of an action with these values, and the values as the shape has them.

    None where there are too many values or shapes: whoever decides does without.
    """
    paths: list[Path] = []
    values: list[Value] = []
    details: list[str | None] = []
    for path, value in parts:
        paths.append(path)
        values.append(value)
        if type(value) is Money:
            details += (value.currency, None)
            paths.append(_IN_HUNDREDTHS)
            values.append(_in_hundredths(value.amount))
        else:
            details.append(str(value) if path in NAMED else None)
        if len(values) > MOST_VALUES:
            return None, ()
    shape = _interned(tuple(paths), tuple(map(type, values)), tuple(details))
    return shape, () if shape is None else tuple(values)


def _in_hundredths(amount: Decimal) -> int | None:
    """Return an amount as a whole number of hundredths, None where it is none, or a large one."""
    if not -_LARGEST < amount < _LARGEST:
        return None
    scaled = _WIDE.scaleb(amount, 2)
    whole = int(scaled)
    return whole if whole == scaled else None
