"""`let`s over a whole policy set: which one a name means, what it reaches, how deep it nests.

A let is known by package and name: `own` is one of the same package, `alias.name` one of a package
that it imports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from gatewright.dsl import ast, limits
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as messages
from gatewright.dsl.policy import Package
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.resolve.effects import find_circle
from gatewright.dsl.walk import LITERALS, children, walk

LetKey: TypeAlias = tuple[str, str]
"""Package and name."""

_ACTION_NAMES = frozenset({"action", "changes", "target", "risk"})


class Lets:
    """The lets of a policy set."""

    def __init__(self, packages: Mapping[str, Package]) -> None:
        self._packages = packages
        self._depths: dict[LetKey, int] = {}
        self._reading: dict[LetKey, bool] = {}

    def named(self, node: ast.Expr, package: str) -> LetKey | None:
        """Return the let that a name, or `alias.name`, stands for in a package."""
        here = self._packages[package]
        match node:
            case ast.Name(name=name) if name in here.lets:
                return package, name
            case ast.Select(operand=ast.Name(name=alias), field=name) if alias in here.imports:
                home = here.imports[alias]
                known = home in self._packages and name in self._packages[home].lets
                return (home, name) if known else None
            case _:
                return None

    def value(self, key: LetKey) -> ast.Expr:
        """Return the expression of a let."""
        return self._packages[key[0]].lets[key[1]].value

    def reads_action(self, expr: ast.Expr, package: str) -> bool:
        """Tell whether a value depends on the action, so that it is typed only where it is used.

        `check` comes first.
        """
        for node in walk(expr):
            key = self.named(node, package)
            if key is not None and self._reading.get(key, False):
                return True
            if isinstance(node, ast.Name) and node.name in _ACTION_NAMES:
                return True
        return False

    def nesting(self, expr: ast.Expr, package: str) -> int:
        """Return how deep an expression nests, its lets written out; `check` comes first."""
        deepest = 0
        todo = [(expr, 1)]
        while todo:
            node, depth = todo.pop()
            if type(node) in LITERALS:
                deepest = max(deepest, depth)
                continue
            key = self.named(node, package)
            own = self._depths.get(key, 1) if key is not None else 1
            deepest = max(deepest, depth + own - 1)
            todo.extend((child, depth + 1) for child in children(node))
        return deepest

    def check(self, report: Report) -> bool:
        """Report lets that are defined by themselves or nest too deeply; tell if there are none.

        A let nests deeper than those it uses, also where it is no more than a name of one.
        """
        uses = self._uses()
        circle = find_circle((_text(a), _text(b)) for a, found in uses.items() for b in found)
        if circle:
            package, _, name = circle[0].rpartition(".")
            names = [text.rpartition(".")[2] for text in circle]
            report(messages.let_circle(self._packages[package].lets[name].span, names))
            return False
        sound = True
        for key in _used_first(uses):
            deepest = max((self._depths[used] for used in uses[key]), default=0)
            depth = max(self.nesting(self.value(key), key[0]), deepest + 1)
            if depth > limits.MAX_DEPTH:
                package, name = key
                report(limit_messages.too_deep(self._packages[package].lets[name].span))
                depth, sound = 1, False  # told once: what builds on it is not told again
            self._depths[key] = depth
            self._reading[key] = self.reads_action(self.value(key), key[0])
        return sound

    def _uses(self) -> dict[LetKey, list[LetKey]]:
        found: dict[LetKey, list[LetKey]] = {}
        for package in self._packages.values():
            for name, let in package.lets.items():
                keys = (self.named(node, package.name) for node in walk(let.value))
                found[package.name, name] = list(dict.fromkeys(k for k in keys if k is not None))
        return found


def _text(key: LetKey) -> str:
    return ".".join(key)


def _used_first(uses: Mapping[LetKey, list[LetKey]]) -> Iterator[LetKey]:
    """Yield lets so that each comes after those it uses."""
    users: dict[LetKey, list[LetKey]] = {}
    waiting = {key: len(found) for key, found in uses.items()}
    for user, found in uses.items():
        for used in found:
            users.setdefault(used, []).append(user)
    ready = [key for key, count in waiting.items() if not count]
    while ready:
        key = ready.pop()
        yield key
        for user in users.get(key, ()):
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
