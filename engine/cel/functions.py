"""The one table of functions, and how a call finds its overload.

A family of functions is a module, imported when one of its functions is first called: most
conditions call few. Source: cel-spec langdef.md, "Standard definitions", cel-go's extensions, and
docs/language.md#expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.registry import VARIADIC, Overload
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import KIND_NAMES, TypeValue, Value, a_kind, type_named

FAMILIES: Final[Mapping[str, str]] = {
    "standard": "size .size .contains .startsWith .endsWith type dyn",
    "conversions": "bool bytes decimal double duration int money string timestamp uint",
    "times": ".getFullYear .getMonth .getDate .getDayOfMonth .getDayOfWeek .getDayOfYear"
    " .getHours .getMinutes .getSeconds .getMilliseconds",
    "exact": "round divide",
    "strings": ".charAt .indexOf .lastIndexOf .substring .lowerAscii .upperAscii .trim .reverse"
    " strings.quote .join .replace .split",
    "formatting": ".format",
    "maths": "math.greatest math.least math.abs math.sign math.ceil math.floor math.trunc"
    " math.round math.isNaN math.isInf math.isFinite math.sqrt math.bitAnd math.bitOr math.bitXor"
    " math.bitNot math.bitShiftLeft math.bitShiftRight",
    "lists": "lists.range .slice .flatten .distinct .sort .reverse .first .last",
    "sets": "sets.contains sets.equivalent sets.intersects",
    "optionals": "optional.of optional.none optional.ofNonZeroValue optional.unwrap .hasValue"
    " .value .unwrapOpt",
    "encoders": "base64.encode base64.decode",
    "regexes": "matches .matches regex.replace regex.extract regex.extractAll",
    "network": "ip isIP ip.isCanonical cidr isCIDR .family .isUnspecified .isLoopback"
    " .isLinkLocalMulticast .isLinkLocalUnicast .isGlobalUnicast .containsIP .containsCIDR .ip"
    " .masked .prefixLength",
}
"""The functions of each family, a module beside this one; a member has a dot before its name."""


def _homes() -> dict[tuple[str, bool], tuple[str, ...]]:
    homes: dict[tuple[str, bool], tuple[str, ...]] = {}
    for family, names in FAMILIES.items():
        for written in names.split():
            key = (written.removeprefix("."), written.startswith("."))
            homes[key] = (*homes.get(key, ()), family)
    return homes


_HOMES: Final = _homes()
_overloads: dict[tuple[str, bool], tuple[Overload, ...]] = {}

NAMESPACES: frozenset[str] = frozenset(
    {"cel"} | {name.rpartition(".")[0] for name, _ in _HOMES if "." in name}
)
"""The names before the dot of a namespaced function or macro."""

_OUR_TYPES = set(KIND_NAMES) - {"null", "optional"} | {"net.IP", "net.CIDR"}

TYPES: Mapping[str, TypeValue] = {
    name: named
    for kind in (*KIND_NAMES, "net.IP", "net.CIDR")
    for named in (type_named(kind),)
    for name in {named.name} | ({kind} & _OUR_TYPES)
}
"""What the name of a type stands for: `int`, `google.protobuf.Timestamp`, `net.IP`."""

_HANDLED_BY_EVALUATOR = {("or", True, 1), ("orValue", True, 1), ("in", True, 1)}
"""Member functions that the evaluator answers itself: two are lazy, one asks the host."""


def known() -> Iterator[tuple[str, bool]]:
    """Yield every function: its name, with its namespace, and whether it is a member."""
    return iter(_HOMES)


def is_known(name: str) -> bool:
    """Tell whether there is a function of that name, such as `math.abs`; members do not count."""
    return (name, False) in _HOMES


def overloads(name: str, is_member: bool) -> tuple[Overload, ...]:
    """Return the ways to call a function; none of one that does not exist."""
    found = _overloads.get((name, is_member))
    if found is None:
        found = _overloads[name, is_member] = tuple(
            overload
            for family in _HOMES.get((name, is_member), ())
            for overload in family_named(family)
            if (overload.name, overload.is_member) == (name, is_member)
        )
    return found


def family_named(family: str) -> tuple[Overload, ...]:
    """Return the overloads of one family."""
    return tuple(import_module(f"gatewright.engine.cel.{family}").LIBRARY)


def forms() -> Mapping[str, frozenset[tuple[bool, int]]]:
    """Return every function by name, and how it may be called: (is_member, arity).

    The receiver of a member does not count; arity `VARIADIC` is one argument or more.
    """
    found: dict[str, set[tuple[bool, int]]] = {}
    for name, is_member, arity in _HANDLED_BY_EVALUATOR:
        found.setdefault(name, set()).add((is_member, arity))
    for name, is_member in _HOMES:
        arities = {(is_member, overload.arity) for overload in overloads(name, is_member)}
        found.setdefault(name, set()).update(arities)
    return {name: frozenset(found[name]) for name in sorted(found)}


def call(name: str, is_member: bool, arguments: tuple[Value, ...], budget: Budget) -> Value:
    """Apply a function to values; a member's receiver is the first argument.

    Raises EvaluationError `no_such_function` for an unknown name, `type_mismatch` where no
    overload takes such arguments, and what the function itself raises.
    """
    ways = overloads(name, is_member)
    if not ways:
        raise unknown(name)
    for overload in ways:
        if overload.accepts(arguments):
            return overload.run(arguments, budget)
    count = len(arguments) - is_member
    arities = {overload.arity for overload in ways}
    if count not in arities and (VARIADIC not in arities or count == 0):
        raise wrong_arguments(name, count)
    kinds = ", ".join(a_kind(argument) for argument in arguments)
    raise EvaluationError("type_mismatch", f"`{name}` does not take {kinds}")


def unknown(name: str) -> EvaluationError:
    """Return the error of a function that does not exist."""
    return EvaluationError("no_such_function", f"there is no function `{name}`")


def wrong_arguments(name: str, count: int) -> EvaluationError:
    """Return the error of a call with too many or too few arguments."""
    plural = "" if count == 1 else "s"
    return EvaluationError("no_such_function", f"`{name}` does not take {count} argument{plural}")
