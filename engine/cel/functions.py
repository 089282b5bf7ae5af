"""The one table of functions, and how a call finds its overload.

Source: cel-spec langdef.md, "Standard definitions", cel-go's extensions, and language.md §4.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.engine.cel import (
    conversions,
    encoders,
    exact,
    formatting,
    lists,
    maths,
    network,
    optionals,
    regexes,
    sets,
    standard,
    strings,
    times,
)
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.registry import VARIADIC, Overload
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import KIND_NAMES, TypeValue, Value, a_kind, type_named

_FAMILIES = (
    standard, conversions, times, exact, strings, formatting, maths, lists, sets,
    optionals, encoders, regexes, network,
)  # fmt: skip


def _table() -> Mapping[tuple[str, bool], tuple[Overload, ...]]:
    table: dict[tuple[str, bool], tuple[Overload, ...]] = {}
    for family in _FAMILIES:
        for overload in family.LIBRARY:
            key = (overload.name, overload.is_member)
            table[key] = (*table.get(key, ()), overload)
    return table


OVERLOADS: Mapping[tuple[str, bool], tuple[Overload, ...]] = _table()
"""Every overload by name and by whether it is a member."""

_HANDLED_BY_EVALUATOR = {("or", True, 1), ("orValue", True, 1), ("in", True, 1)}
"""Member functions that the evaluator answers itself: two are lazy, one asks the host."""


def _forms() -> Mapping[str, frozenset[tuple[bool, int]]]:
    forms: dict[str, set[tuple[bool, int]]] = {}
    for name, is_member, arity in _HANDLED_BY_EVALUATOR:
        forms.setdefault(name, set()).add((is_member, arity))
    for (name, is_member), overloads in OVERLOADS.items():
        forms.setdefault(name, set()).update((is_member, o.arity) for o in overloads)
    return {name: frozenset(forms[name]) for name in sorted(forms)}


FUNCTIONS: Mapping[str, frozenset[tuple[bool, int]]] = _forms()
"""Every function: its name, with its namespace, and how it may be called: (is_member, arity).

The receiver of a member does not count; arity `VARIADIC` is one argument or more.
"""

NAMESPACES: frozenset[str] = frozenset(
    {"cel"} | {name.rpartition(".")[0] for name in FUNCTIONS if "." in name}
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


def is_known(name: str, is_member: bool) -> bool:
    """Tell whether there is a function of that name."""
    return (name, is_member) in OVERLOADS


def call(name: str, is_member: bool, arguments: tuple[Value, ...], budget: Budget) -> Value:
    """Apply a function to values; a member's receiver is the first argument.

    Raises EvaluationError `no_such_function` for an unknown name, `type_mismatch` where no
    overload takes such arguments, and what the function itself raises.
    """
    overloads = OVERLOADS.get((name, is_member), ())
    if not overloads:
        raise unknown(name)
    for overload in overloads:
        if overload.accepts(arguments):
            return overload.run(arguments, budget)
    count = len(arguments) - is_member
    arities = {overload.arity for overload in overloads}
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
