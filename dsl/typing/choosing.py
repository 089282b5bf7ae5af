"""Signatures and the types of arguments -> the type of a call, or why it cannot be."""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.compat import Bindings, Fit, fits, join
from gatewright.dsl.typing.signatures import Parameter, Signature


@dataclass(frozen=True, slots=True)
class Choice:
    """What a call gives, or why it cannot be.

    `result` is None where no signature fits. Then `currencies` are the two that clash, if only
    they do, and `misfit` is the argument that no signature takes, where there is exactly one.
    """

    result: t.Type | None
    currencies: tuple[str, str] | None = None
    misfit: int | None = None


def choose(candidates: Iterable[Signature], arguments: tuple[t.Type, ...]) -> Choice:
    """Choose among signatures by the types of the arguments, a receiver first.

    An argument of type any can fit several: then the result is any, unless all give the same.
    """
    possible: list[t.Type] = []
    clash: tuple[str, str] | None = None
    wrong: list[set[int]] = []
    for candidate in candidates:
        if not candidate.takes(len(arguments)):
            continue
        bindings = Bindings()
        found = [_fit(a, candidate.parameter(i), bindings) for i, a in enumerate(arguments)]
        fit = min(found, default=Fit.YES)
        if fit is Fit.YES:
            possible.append(bindings.substitute(candidate.result))
            break
        if fit is Fit.DYNAMIC:
            possible.append(bindings.substitute(candidate.result))
            continue
        wrong.append({i for i, one in enumerate(found) if one is Fit.NO})
        distinct = tuple(dict.fromkeys(bindings.currencies))
        if len(distinct) > 1 and len(wrong[-1]) == 1:
            clash = (distinct[0], distinct[1])
    reported = t.UNKNOWN in arguments
    if possible:
        result = _common(possible)
        return Choice(t.UNKNOWN if reported and result == t.ANY else result)
    if reported:
        return Choice(t.UNKNOWN)
    shared = set[int].intersection(*wrong) if wrong else set[int]()
    return Choice(None, clash, min(shared) if len(shared) == 1 else None)


def _fit(actual: t.Type, parameter: Parameter, bindings: Bindings) -> Fit:
    return max(fits(actual, kind, bindings) for kind in parameter.types)


def _common(possible: list[t.Type]) -> t.Type:
    result = possible[0]
    for other in possible[1:]:
        result = join(result, other) or t.ANY
    return result
