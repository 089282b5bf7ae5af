"""The leaves of one run -> what they say of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from gatewright.dsl.records import dataclass, field
from gatewright.engine.values import Timestamp

Vote: TypeAlias = tuple[str, str, str, int, str | None]
"""Person, route, card, instant, and in whose place."""

_FAILED = frozenset({"failed", "stale"})


@dataclass(slots=True)
class Told:
    """What the trail says of one run."""

    rows: dict[str, Any] | None = None
    """What the last step vouched for; None before steps did so."""
    votes: list[Vote] = field(default_factory=list[Vote])
    """Of the last round."""
    dropped: list[Vote] = field(default_factory=list[Vote])
    """Of routes that were escalated since: they may be there still."""
    attempts: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])
    """Keys with outcomes."""
    logged: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Digests of logged decisions, each with its policy and instant."""
    payloads: set[str] = field(default_factory=set[str])
    uses: set[str] = field(default_factory=set[str])
    unanswered: list[str] = field(default_factory=list[str])
    """Keys of attempts that began though the policy asked people, and none had answered."""
    needs_answer: bool = False

    def hear(self, leaf: Mapping[str, Any]) -> None:
        """Take what one leaf says."""
        body, kind = leaf["body"], leaf["kind"]
        self.rows = leaf.get("rows", self.rows)
        if "words" in leaf:
            self.payloads.add(leaf["words"])
        if kind == "decided":
            self.votes, self.dropped = [], []
            self.needs_answer = body["effect"] != "auto_run"
            self.payloads.add(body["plan"])
            self.logged[body["logged"]] = body["policy"], Timestamp.parse(leaf["at"]).nanos
            self.uses.update(body.get("uses", ()))
        elif kind == "timer.approved":
            self.needs_answer = False
        elif kind == "approved":
            self.needs_answer = False
            at = Timestamp.parse(leaf["at"]).nanos
            who, behalf = leaf["actor"]["id"], body.get("on_behalf_of")
            self.votes.append((who, body["route"], body["card"], at, behalf))
        elif kind == "timer.escalated":
            gone = [vote for vote in self.votes if vote[1] == body["route"]]
            self.dropped += gone
            self.votes = [vote for vote in self.votes if vote not in gone]
        else:
            self._attempted(kind, body)

    def _attempted(self, kind: str, body: Mapping[str, Any]) -> None:
        last = self.attempts[-1][1] if self.attempts else "none"
        if kind == "executing":
            self.attempts.append((body["key"], None))
            if self.needs_answer:
                self.unanswered.append(body["key"])
        elif last is None and kind == "applied":
            self._ended("applied")
        elif last is None and kind in _FAILED:
            self._ended("not_applied")
        elif last is None and kind == "outcome_unknown":
            self._ended("unknown")
        elif last == "unknown" and kind == "completed_by_hand":
            self._ended("applied" if body["executed"] else "not_applied")

    def _ended(self, outcome: str) -> None:
        self.attempts[-1] = self.attempts[-1][0], outcome


def told_of(bodies: Iterable[str]) -> Told:
    """Return what the bodies of the leaves of one run say, in the order of their numbers."""
    told = Told()
    for body in bodies:
        told.hear(json.loads(body))
    return told
