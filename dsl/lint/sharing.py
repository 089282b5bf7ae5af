"""Which actions a `let` cannot tell apart: what it says of them is read once."""

from __future__ import annotations

from typing import Generic, TypeVar

from gatewright.dsl import limits
from gatewright.dsl.checks.contexts import fields_of, looks
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.checks.mentions import Mentioning
from gatewright.dsl.policy import ActionType, CheckedPolicy
from gatewright.dsl.typing.scopes import LetReference
from gatewright.dsl.walk import walk

R = TypeVar("R")
S = TypeVar("S")


class Sharing(Generic[R, S]):
    """Finds, for a `let`, the first of the readers whose actions are the same to it."""

    def __init__(self, policy: CheckedPolicy) -> None:
        # An action has a `name` besides its fields.
        self._mentioning = Mentioning(Lets(policy.packages), fields_of(policy) | {"name"})
        self._first: dict[tuple[LetReference, object], R] = {}
        self._sizes: dict[LetReference, int] = {}
        self._parts = limits.MAX_DIFFERENT
        self._subjects: dict[S, S] = {}

    def one(self, subject: S) -> S:
        """Return the first of equal subjects."""
        return self._subjects.setdefault(subject, subject)

    def of(self, let: LetReference, reader: R, actions: tuple[ActionType, ...]) -> R | None:
        """Return the reader that looks at a `let` for one that is about some actions.

        None where more than `limits.MAX_DIFFERENT` parts of `let`s would be read again. A scope's
        label is its package.
        """
        mentions = self._mentioning.of_let((let.scope.label, let.name))
        alike: object = frozenset((a.package, looks(a, mentions.names)) for a in actions)
        if mentions.whole or "name" in mentions.names:
            alike = frozenset(action.name for action in actions)
        first = self._first.get((let, alike))
        if first is None:
            if not self._may_read(let):
                return None
            first = self._first[let, alike] = reader
        return first

    def _may_read(self, let: LetReference) -> bool:
        if let not in self._sizes:
            self._sizes[let] = sum(1 for _ in walk(let.value))
            return True
        self._parts -= self._sizes[let]
        return self._parts >= 0
