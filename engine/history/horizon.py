"""How far back a policy looks: the longest window that anything in it asks of a history.

What lies further back answers no question, so a store may forget it (`History.prune`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import cast

from gatewright.dsl import ast, records
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Span
from gatewright.engine.history import METHODS
from gatewright.engine.values import Duration


def longest_window(policy: CheckedPolicy) -> Duration | None:
    """Return the longest window that a policy asks for; None where its text sets no bound.

    There is none where `last` has no `within`, or a window is neither a literal nor a `let` of one.
    Texts, obligations and tests of the policy count too. Cost: linear in the size of the policy.
    """
    names = {name for package in policy.packages.values() for name in package.histories}
    longest = 0
    for arguments in _questions(policy, names):
        within = next((a.value for a in arguments if a.name == "within"), None)
        nanos = None if within is None else _nanos(within, policy)
        if nanos is None:
            return None
        longest = max(longest, nanos)
    return Duration(longest)


def _questions(policy: CheckedPolicy, names: set[str]) -> Iterator[tuple[ast.Argument, ...]]:
    """Yield the arguments of every question to a history, and of `agreement`."""
    for node in _parts(policy):
        match node:
            case ast.MethodCall(target=target, method=method, arguments=arguments):
                if method in METHODS and _last_name(target) in names:
                    yield arguments
            case ast.Call(function="agreement", arguments=arguments):
                yield arguments
            case _:
                pass


def _last_name(expr: ast.Expr) -> str | None:
    match expr:
        case ast.Name(name=name) | ast.Select(field=name):
            return name
        case _:
            return None


def _nanos(within: ast.Expr, policy: CheckedPolicy) -> int | None:
    """Return the length of a window; of lets of one name in several packages the longest."""
    if isinstance(within, ast.DurationLiteral):
        return within.nanos
    name = _last_name(within)
    named = [p.lets[name].value for p in policy.packages.values() if name and name in p.lets]
    found = [value.nanos for value in named if isinstance(value, ast.DurationLiteral)]
    return max(found) if found and len(found) == len(named) else None


def _parts(whole: object) -> Iterator[object]:
    """Yield everything that a checked policy is made of, but not where it is written."""
    todo, seen = [whole], set[int]()
    while todo:
        part = todo.pop()
        if isinstance(part, Span) or id(part) in seen:
            continue
        seen.add(id(part))
        if records.is_record(part):
            yield part
            todo.extend(getattr(part, name) for name in records.names_of(part))
        elif isinstance(part, Mapping):
            todo.extend(cast("Mapping[object, object]", part).values())
        elif isinstance(part, tuple | list | AbstractSet):
            todo.extend(cast("tuple[object, ...]", part))
