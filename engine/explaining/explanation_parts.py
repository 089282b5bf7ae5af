"""The parts of an explanation that no decision has: who is needed, and what did not count.

Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from gatewright.dsl.records import dataclass
from gatewright.engine.decision import ConditionReport, Jsonable, Place
from gatewright.engine.reading.json_text import Json


@dataclass(frozen=True, slots=True)
class Needed:
    """A route that is still needed, and whom it asks, as the policy says it."""

    route: str
    people: str
    doc: str | None
    at: Place

    def to_dict(self) -> dict[str, Json]:
        """Return the route as JSON."""
        return {
            "route": self.route, "people": self.people, "doc": self.doc, "at": self.at.to_dict(),
        }  # fmt: skip


class Documented(Jsonable):
    """What has a doc comment that no digest of a decision is made of."""

    __slots__ = ()
    doc: str | None

    def to_dict(self) -> dict[str, Json]:
        """Return the report as JSON, without its doc comment: as a card and a log keep it."""
        told = Jsonable.to_dict(self)
        del told["doc"]
        return told

    def explained(self) -> dict[str, Json]:
        """Return the report as JSON with its doc comment, null where it has none."""
        return {**self.to_dict(), "doc": self.doc}


@dataclass(frozen=True, slots=True)
class RiskPart(Documented):
    """A part of the risk score that counted."""

    name: str
    package: str
    score: int
    because: str | None
    erred: bool
    conditions: tuple[ConditionReport, ...]
    at: Place
    doc: str | None


@dataclass(frozen=True, slots=True)
class Suspension(Documented):
    """A rule that an exception took away, until when (RFC 3339), and for whom to ask.

    `doc` is the exception's doc comment.
    """

    rule: str
    package: str
    """Of the rule."""
    effect: str
    exception: str
    until: str
    owner: str | None
    reason: str | None
    ticket: str | None
    at: Place
    doc: str | None


@dataclass(frozen=True, slots=True)
class Idle(Jsonable):
    """An exception that is open now and took nothing away: its uses are spent, or not counted."""

    rule: str
    exception: str
    why: str
    at: Place


@dataclass(frozen=True, slots=True)
class Absorption(Jsonable):
    """A route that is not asked, because one that outranks it is."""

    route: str
    by: str


@dataclass(frozen=True, slots=True)
class UnkeptOrder(Jsonable):
    """An order of `then` that is not kept, since those who outrank stand in its places."""

    before: str
    after: str
    why: str
