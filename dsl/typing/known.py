"""What is known of the `let`s of one scope, for all declarations that are checked in it.

A `let` means the same wherever it is used in a scope, so its value is looked at once, however many
rules use it.
"""

from __future__ import annotations

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.base import Need
from gatewright.dsl.typing.presence import Presence
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference


@dataclass(frozen=True, slots=True)
class KnownLet:
    """What is known of a `let`: its type, and what must be present where it is used."""

    type: t.Type
    needs: tuple[Need, ...]
    diagnostics: tuple[Diagnostic, ...]
    """What is wrong in its value, or in those of the `let`s that it uses."""


class KnownLets:
    """The `let`s of a scope that were looked at, and what their values are made of."""

    def __init__(self, scope: ExpressionScope) -> None:
        self.lets: dict[LetReference, KnownLet] = {}
        self.types: dict[int, t.Type] = {}
        """The types of the nodes of values, by their `id`."""
        self.events: dict[t.RecordType, t.RecordType] = {}
        """What `last` gives -> the record of the history."""
        self.presence = Presence(scope)
        self.fitting: set[tuple[int, t.Type]] = set()
        """Lists, by their `id`, and types that can be compared with each of their elements."""
