"""A checked policy -> the part of it that concerns one action.

The part decides about its action, and explains it, as the whole does. Packages, actions, routes,
data and digest stay whole: names, masked fields and the short names of routes depend on all of
them. Rules, risks, permits, exceptions, floors and invariants are those that the action can meet,
in the order of the whole. Tests concern no action and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from gatewright.dsl.policy import CheckedPolicy, Permit, PolicyException, Scope
from gatewright.dsl.records import dataclass, replace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the declarations of one kind stand, by what they cover: ascending, each once a key."""

    packages: dict[str, list[int]]
    """Those without patterns, by package: they cover what the package declares."""
    names: dict[str, list[int]]
    """Those on one action, by its name."""
    prefixes: dict[str, list[int]]
    """Those on `prefix.*`, by the prefix; `*` has none."""

    @classmethod
    def of(cls, scopes: Iterable[Scope]) -> Places:
        """Index scopes by their position. Cost: linear in their patterns."""
        found = cls({}, {}, {})
        for place, scope in enumerate(scopes):
            found.add(place, scope)
        return found

    def add(self, place: int, scope: Scope) -> None:
        """Index one more scope."""
        if not scope.patterns:
            self.packages.setdefault(scope.package, []).append(place)
        for pattern in scope.patterns:
            by_text = self.prefixes if pattern.wildcard else self.names
            places = by_text.setdefault(".".join(pattern.parts), [])
            if not places or places[-1] != place:
                places.append(place)

    def covering(self, action: str, declared_in: str | None) -> list[int]:
        """Return the positions of the scopes that cover an action, in order.

        Cost: the covering ones, and the dots of the name.
        """
        lists = [self.names.get(action, ())]
        if declared_in is not None:
            lists.append(self.packages.get(declared_in, ()))
        lists.extend(self.prefixes.get(prefix, ()) for prefix in _prefixes(action))
        return _merged(lists)


def suspensions(exceptions: Iterable[PolicyException]) -> dict[str, list[int]]:
    """Return the positions of exceptions by the qualified names of what they suspend."""
    found: dict[str, list[int]] = {}
    for place, exception in enumerate(exceptions):
        for rule in exception.suspends:
            found.setdefault(rule, []).append(place)
    return found


def suspending(suspended: dict[str, list[int]], rules: Iterable[str]) -> list[int]:
    """Return the positions of the exceptions that suspend some of the rules, in order."""
    return _merged(suspended.get(rule, ()) for rule in rules)


class Narrowing:
    """A policy set, indexed once, so that it can be narrowed to any action."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self._policy = policy
        self._defaults = Places.of(floor.scope for floor in policy.defaults)
        self._on_errors = Places.of(floor.scope for floor in policy.on_errors)
        self._risks = Places.of(risk.scope for risk in policy.risks)
        self._rules = Places.of(rule.scope for rule in policy.rules)
        self._invariants = Places.of(invariant.scope for invariant in policy.invariants)
        self._permits = permit_places(policy.permits)
        self._suspensions = suspensions(policy.exceptions)

    def of(self, action: str) -> CheckedPolicy:
        """Return what concerns an action, declared or not. Cost: linear in what covers it."""
        whole, declared = self._policy, self._policy.actions.get(action)
        home = declared.package if declared is not None else None

        def kept(items: Sequence[T], places: Places) -> tuple[T, ...]:
            return _at(items, places.covering(action, home))

        rules = kept(whole.rules, self._rules)
        suspended = suspending(self._suspensions, (rule.qualified for rule in rules))
        return replace(
            whole,
            defaults=kept(whole.defaults, self._defaults),
            on_errors=kept(whole.on_errors, self._on_errors),
            permits=kept(whole.permits, self._permits),
            risks=kept(whole.risks, self._risks),
            rules=rules,
            exceptions=_at(whole.exceptions, suspended),
            invariants=kept(whole.invariants, self._invariants),
            tests=(),
        )


def permit_places(permits: Iterable[Permit]) -> Places:
    """Index permits by what they cover, and by their package.

    A package with a permit needs one for each of its actions, also where none covers it, so they
    all concern what the package declares. Source: docs/language.md#how-a-decision-is-made.
    """
    found = Places({}, {}, {})
    for place, permit in enumerate(permits):
        found.add(place, Scope(permit.package, permit.to))
        if permit.to:
            found.add(place, Scope(permit.package, ()))
    return found


def _prefixes(action: str) -> Iterator[str]:
    """Yield the texts before each dot of a name, and the empty one, which stands for `*`."""
    yield ""
    for end, char in enumerate(action):
        if char == ".":
            yield action[:end]


def _merged(lists: Iterable[Sequence[int]]) -> list[int]:
    """Return ascending lists as one, each position once."""
    filled = [places for places in lists if places]
    return list(filled[0]) if len(filled) == 1 else sorted({*chain.from_iterable(filled)})


def _at(items: Sequence[T], places: Iterable[int]) -> tuple[T, ...]:
    return tuple(items[place] for place in places)
