"""Expressions -> the values they can have, by the declared types of the actions in question.

Knows enums, refinements, whole numbers, sizes and the like; for all else every value is possible.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl import ast, limits
from gatewright.dsl import types as t
from gatewright.dsl.checks import intervals
from gatewright.dsl.checks.constants import constant
from gatewright.dsl.checks.intervals import EVERYTHING, IntervalSet
from gatewright.dsl.policy import ActionType, CheckedPolicy
from gatewright.dsl.records import dataclass

BOOLS = intervals.points((False, True))
_COUNTS = intervals.above(0, inclusive=True).whole()


@dataclass(frozen=True, slots=True)
class Domain:
    """The possible values of an expression: their family, and whether they are whole numbers."""

    family: str
    values: IntervalSet
    whole: bool = False


_RANGES: Mapping[t.Type, Domain] = {
    t.BOOL: Domain("bool", BOOLS),
    t.INT: Domain("number", intervals.between(limits.INT_MIN, limits.INT_MAX).whole(), True),
    t.UINT: Domain("number", intervals.between(0, limits.UINT_MAX).whole(), True),
}
_SHARE = Domain("number", intervals.between(0, 1))


class Domains:
    """Answers for one set of actions.

    `actions` are the declared actions that a condition is about; `closed` tells that there are no
    others, so that their types can be relied on.
    """

    def __init__(
        self, policy: CheckedPolicy, actions: tuple[ActionType, ...], *, closed: bool
    ) -> None:
        self._policy = policy
        self.actions = actions if closed else ()
        self._found: dict[ast.Expr, Domain | None] = {}

    def of(self, expr: ast.Expr, family: str) -> Domain:
        """Return the possible values of an expression that is compared with a family."""
        if expr not in self._found:
            self._found[expr] = self._of(expr)
        found = self._found[expr]
        return found if found is not None and found.family == family else Domain(family, EVERYTHING)

    def _of(self, expr: ast.Expr) -> Domain | None:
        match expr:
            case ast.Name("risk"):
                return self._risk()
            case ast.Call("agreement"):
                return _SHARE
            case ast.Call("size", (ast.Argument(None, measured),)):
                return self._size(measured)
            case ast.MethodCall(measured, "size", ()):
                return self._size(measured)
            case ast.MethodCall(_, "count" | "distinct"):
                return Domain("number", _COUNTS, True)
            case ast.Select(ast.Name("action"), "name") if self.actions:
                return Domain("string", intervals.points(a.name for a in self.actions))
            case _:
                return self._declared(expr)

    def _risk(self) -> Domain:
        """Return the scores that the risks of the set may add up to."""
        return Domain("number", intervals.between(0, most_risk(self._policy)).whole(), True)

    def _size(self, measured: ast.Expr) -> Domain:
        """Return how long something can be; a string may have a longest size."""
        found = [field.type for _, field in self._fields(measured)]
        longest = [f.max_length for f in found if isinstance(f, t.StringType)]
        values = _COUNTS
        limit = max((n for n in longest if n is not None), default=None)
        if limit is not None and len(longest) == len(found) and None not in longest:
            values &= intervals.below(limit, inclusive=True).whole()
        return Domain("number", values, True)

    def _declared(self, expr: ast.Expr) -> Domain | None:
        """Return what the types of all actions together allow."""
        found = [self._of_field(package, field) for package, field in self._fields(expr)]
        families = {domain.family for domain in found if domain is not None}
        if not found or None in found or len(families) != 1:
            return None
        values = intervals.NOTHING
        for domain in found:
            values |= domain.values if domain is not None else EVERYTHING
        whole = all(domain is not None and domain.whole for domain in found)
        return Domain(families.pop(), values, whole)

    def _of_field(self, package: str, field: t.FieldType) -> Domain | None:
        domain = _of_type(field.type)
        if domain is None or field.refinement is None:
            return domain
        lets = {name: let.value for name, let in self._policy.packages[package].lets.items()}
        bound = constant(field.refinement.bound, lets)
        if bound is None or bound.family != domain.family:
            return domain
        allowed = intervals.compared(field.refinement.operator, bound.value)
        values = domain.values & (allowed.whole() if domain.whole else allowed)
        return Domain(domain.family, values, domain.whole)

    def _fields(self, expr: ast.Expr) -> list[tuple[str, t.FieldType]]:
        """Return the field that an expression reads, for each action; none where one lacks it."""
        path = _path(expr)
        found = [(a.package, _field(a, *path)) for a in self.actions] if path else []
        known = [(package, field) for package, field in found if field is not None]
        return known if len(known) == len(found) else []


def most_risk(policy: CheckedPolicy) -> int:
    """Return what the risks of a set add up to at most.

    It is 100 where there are none: such a set may be made for the risks of another one.
    """
    return min(100, sum(risk.score for risk in policy.risks)) or 100


def _of_type(of: t.Type) -> Domain | None:
    match of:
        case t.EnumType(values):
            return Domain("string", intervals.points(values))
        case t.StringType():
            return Domain("string", EVERYTHING)
        case t.MoneyType(currency) if currency is not None:
            return Domain(f"money({currency})", EVERYTHING)
        case t.Scalar("double" | "decimal"):
            return Domain("number", EVERYTHING)
        case t.Scalar("duration" | "timestamp" as name):
            return Domain(name, EVERYTHING)
        case _:
            return _RANGES.get(of)


def _path(expr: ast.Expr) -> tuple[str, tuple[str, ...]] | None:
    """Split `action.charge.status` into the name in front and the fields."""
    fields: list[str] = []
    while isinstance(expr, ast.Select) and not expr.optional:
        fields.append(expr.field)
        expr = expr.operand
    if isinstance(expr, ast.Name) and fields:
        return expr.name, tuple(reversed(fields))
    return None


def _field(action: ActionType, root: str, fields: tuple[str, ...]) -> t.FieldType | None:
    first, *rest = fields
    match root:
        case "action":
            found = action.params.field(first)
        case "changes" if rest and rest[0] in ("old", "new"):
            found, rest = action.changes.field(first), rest[1:]
        case "target" if action.target is not None:
            found = action.target.field(first)
        case _:
            return None
    for name in rest:
        of = found.type if found is not None else None
        found = of.field(name) if isinstance(of, t.RecordType) else None
    return found
