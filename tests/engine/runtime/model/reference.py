"""What a run may do, written down from docs/runtime.md and docs/language.md, small and slow.

It knows nothing of the product's code. Instants are nanoseconds. Every method that people call
tells whether it is allowed; the caller compares that with what the gate did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
LEASE = 60_000_000_000

PEOPLE = ("ann", "bob", "cat", "fay", "gus", "oli", "pat", "pia")
GROUPS = {
    "managers": ["ann", "bob", "cat"], "finance": ["fay", "gus"], "pair": ["ann", "pat", "pia"],
    "board": ["bob", "pat"], "team": ["oli"],
}  # fmt: skip
AGENT, OWNER = "bot", "team"

ENDED = {"blocked", "rejected", "expired", "cancelled", "done", "failed", "compensated",
         "compensation_failed"}  # fmt: skip
WORK = {"auto", "approved", "stale", "executing", "verifying"}
STATUS = {
    "blocked": "blocked", "rejected": "rejected", "expired": "rejected", "cancelled": "rejected",
    "done": "executed", "compensating": "executed", "compensation_failed": "executed",
    "compensated": "compensated", "failed": "failed",
}  # fmt: skip
ARROWS = {
    "auto": {"executing", "stale", "cancelled", "failed"},
    "pending": {"pending", "approved", "rejected", "changes_requested", "taken_over", "expired",
                "cancelled", "auto", "blocked"},
    "changes_requested": {"pending", "auto", "blocked", "taken_over", "cancelled"},
    "taken_over": {"done", "cancelled"},
    "approved": {"executing", "stale", "cancelled", "failed"},
    "stale": {"pending", "auto", "blocked", "cancelled", "failed"},
    "executing": {"verifying", "failed", "outcome_unknown", "stale"},
    "verifying": {"done"},
    "outcome_unknown": {"done", "failed"},
    "failed": {"pending", "auto", "blocked"},
    "done": {"compensating"}, "compensation_failed": {"compensating"},
    "compensating": {"compensated", "compensation_failed"},
}  # fmt: skip
"""Where a run may go; from a state that is not listed, nowhere."""

TIMERS: dict[str, tuple[int | None, int | None, int, str]] = {
    "manager": (HOUR, 2 * HOUR, 4 * HOUR, "escalate"),
    "finance": (None, None, 24 * HOUR, "reject"),
    "pair": (None, None, 6 * HOUR, "reject"),
    "board": (2 * HOUR, None, 8 * HOUR, "reject"),
    "silent": (None, None, 3 * HOUR, "approve"),
}
"""Route -> after how long it is reminded, late, timed out, and what then."""

_MEMBERS = {"manager": "managers", "finance": "finance", "pair": "pair", "board": "board",
            "silent": "managers"}  # fmt: skip


@dataclass
class Ask:
    """A route that was asked, and the answers to it: (who, in whose place)."""

    route: str
    first: str
    asked_at: int
    remind_at: int | None = None
    late_at: int | None = None
    timeout_at: int | None = None
    votes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    passed: bool = False

    @classmethod
    def of(cls, route: str, now: int, first: str | None = None) -> Ask:
        remind, late, timeout, _ = TIMERS[route]
        return cls(
            route, first or route, now, now + remind if remind else None,
            now + late if late else None, now + timeout,
        )  # fmt: skip


@dataclass
class Item:
    """A run as the model sees it."""

    id: str
    way: str
    amount: int
    customer: str
    charge: str
    requester: str
    at: int
    seen: int
    """The latest instant that it saw."""
    number: int = 0
    """Its place among what was recorded."""
    state: str = ""
    stages: list[list[str]] = field(default_factory=list[list[str]])
    stage: int = 0
    asks: list[Ask] = field(default_factory=list[Ask])
    expires_at: int | None = None
    version: int = 0
    """The record's, in the preview."""
    card: str = ""
    editors: set[str] = field(default_factory=set[str])
    taken_by: str | None = None
    parent: str | None = None
    undoes: str | None = None
    undone_by: str | None = None
    claims: int = 0
    before: int = 0
    """How many claims there were before this round."""
    rounds: int = 1
    free_at: int = 0
    """From when a worker may claim it."""
    leaves: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])

    @property
    def open(self) -> bool:
        return self.state not in ENDED

    def stage_asks(self) -> list[Ask]:
        names = self.stages[self.stage] if self.stages else []
        return [ask for ask in self.asks if ask.first in names]


@dataclass
class Delegation:
    id: str
    giver: str
    taker: str
    begin: int
    end: int
    revoked: bool = False
    revoked_at: int | None = None


class Reference:
    """All runs, the people, the policy and the clock."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.stricter = False
        self.groups = {name: list(ids) for name, ids in GROUPS.items()}
        self.delegations: list[Delegation] = []
        self.items: dict[str, Item] = {}
        self.count = 0

    # --- deciding

    def time(self, item: Item) -> int:
        """An item's time never goes back."""
        return max(self.now, item.seen)

    def decide(
        self, item: Item, status: str, now: int, *, earlier: bool = False, begun: bool = False
    ) -> list[list[str]] | None:
        """Return the stages that the policy asks; none: it runs by itself; None: it is blocked.

        `earlier`: by what was recorded before it; `begun`: and by what came later and waits no more.
        """
        if status == "disputed":
            return None
        stages = {
            "auto": [], "manager": [["finance" if self.stricter else "manager"]],
            "both": [["manager", "pair"]], "then": [["manager"], ["pair"]],
        }.get(item.way, [[item.way]])  # fmt: skip
        spent = item.amount + sum(
            other.amount
            for other in self.items.values()
            if other is not item
            and other.undoes is None
            and other.customer == item.customer
            and STATUS.get(other.state, "pending") in ("executed", "pending")
            and other.at > now - DAY
            and (
                not earlier
                or item.undoes
                or other.number < item.number
                or (begun and other.state in _BEGUN)
            )
        )
        if item.way == "then" or spent <= (60 if self.stricter else 100):
            return stages
        # Finance answers for managers too, so these are not asked beside it.
        return [sorted({r for stage in stages for r in stage} - {"manager"} | {"finance"})]

    def begin(self, item: Item, stages: list[list[str]] | None, now: int) -> None:
        """Start a round."""
        item.seen, item.before = now, item.claims
        item.stage, item.asks, item.expires_at = 0, [], None
        item.stages, item.taken_by = stages or [], None
        self.count += 1
        item.number = self.count
        item.leaves.append("decided")
        item.state = "blocked" if stages is None else "pending" if stages else "auto"
        item.free_at = now
        if stages:
            item.asks = [Ask.of(route, now) for route in stages[0]]

    # --- people

    def standing(self, now: int) -> list[Delegation]:
        return [d for d in self.delegations if d.begin <= now < d.end and not d.revoked]

    def excluded(self, item: Item, now: int, *, everywhere: bool = False) -> set[str]:
        """Who must not answer; `everywhere`: also where no route was asked."""
        barred = item.editors | {AGENT}
        if not everywhere:
            barred |= self.barred(item)
        return barred | {d.taker for d in self.standing(now) if d.giver in barred}

    def barred(self, item: Item) -> set[str]:
        """Who must not answer, whoever stands in for whom."""
        brought = {item.requester, *self.groups["team"], *self.groups.get(item.requester, ())}
        return item.editors | {AGENT} | brought

    def silenced(self, route: str, item: Item, now: int) -> set[str]:
        """Which members a delegation alone keeps from answering."""
        members = set(self.groups[_MEMBERS[route]])
        return (members & self.excluded(item, now)) - self.barred(item)

    def members(self, route: str, item: Item, now: int) -> set[str]:
        return set(self.groups[_MEMBERS[route]]) - self.excluded(item, now)

    def places(self, person: str, route: str, item: Item, now: int) -> set[str]:
        """In whose place a person may answer a route."""
        if person not in PEOPLE or person in self.excluded(item, now):
            return set()
        givers = {d.giver for d in self.standing(now) if d.taker == person}
        return self.members(route, item, now) & ({person} | givers)

    def satisfied(self, ask: Ask, item: Item, now: int) -> bool:
        excluded = self.excluded(item, now)
        holders = {holder for person, holder in ask.votes if person not in excluded}
        return ask.passed or any(
            self._enough(route, holders, item, now) for route in serving(ask.route)
        )

    def _enough(self, route: str, holders: set[str], item: Item, now: int) -> bool:
        members = self.members(route, item, now)
        given = len(members & holders)
        if route == "board":
            silenced = self.silenced(route, item, now)
            return bool(members) and given == len(members) and not silenced
        return given >= ((3 if self.stricter else 2) if route == "pair" else 1)

    def waiting(self, item: Item, now: int) -> list[Ask]:
        return [ask for ask in item.stage_asks() if not self.satisfied(ask, item, now)]

    def may_answer(self, item: Item, person: str) -> bool:
        """Whether a person has a place to fill in what is asked now."""
        now = self.time(item)
        if item.state != "pending":
            return False
        waiting = self.waiting(item, now)
        if any(ask.timeout_at is not None and ask.timeout_at <= now for ask in waiting):
            return False
        filled = {who for ask in item.asks for vote in ask.votes for who in vote}
        return person not in filled and any(
            person in places or places - filled
            for ask in waiting
            for route in serving(ask.route)
            for places in (self.places(person, route, item, now),)
        )

    def may_approve(self, item: Item, person: str) -> bool:
        """Whether a person has a place to fill that leaves no other place without people."""
        now = self.time(item)
        if not self.may_answer(item, person):
            return False
        before = self.lacking(item, now)
        filled = {who for ask in item.asks for vote in ask.votes for who in vote}
        for ask in self.waiting(item, now):
            may = set[str]().union(
                *(self.places(person, route, item, now) for route in serving(ask.route))
            )
            for holder in [person] if person in may else may - filled:
                ask.votes.append((person, holder))
                after = self.lacking(item, now)
                ask.votes.pop()
                if after <= before:
                    return True
        return False

    def lacking(self, item: Item, now: int) -> int:
        """How many places of the round stay empty at least, whoever answers what."""
        asks = self.waiting(item, now)
        for stage in item.stages[item.stage + 1 :]:
            asks += [Ask.of(route, now) for route in stage]
        choices = product(*(self.ways(ask, item, now) for ask in asks))
        return min(_empty([(k, set(may)) for k, may in choice]) for choice in choices)

    def ways(self, ask: Ask, item: Item, now: int) -> list[tuple[int, set[str]]]:
        """How a question may be answered: how many more are needed, and of whom."""
        excluded = self.excluded(item, now)
        found: list[tuple[int, set[str]]] = []
        for route in {*serving(ask.route), *(["finance"] if ask.route == "manager" else [])}:
            escalates = route == "finance" and ask.route == "manager"
            may = self.members(route, item, now)
            given = {holder for person, holder in ask.votes if person not in excluded} & may
            k = {"pair": 3 if self.stricter else 2, "board": len(may)}.get(route, 1)
            others = [one for one in item.asks if not (escalates and one is ask)]
            gone = {who for one in others for vote in one.votes for who in vote}
            if route == "board" and self.silenced(route, item, now):
                k, may = 1, set[str]()
            found.append((max(1, k - len(given)), may - gone))
        return found

    def may_decide(self, item: Item, person: str) -> bool:
        """Whether a person could answer some route of the run, or one that it may lead to."""
        now = self.time(item)
        if person not in PEOPLE or person in self.excluded(item, now, everywhere=True):
            return False
        routes = {r for stage in item.stages for r in stage} | {ask.route for ask in item.asks}
        routes |= {"finance"} if "manager" in routes else set()
        # Nobody was asked: then it is those whom the policy could have asked.
        return any(self.places(person, r, item, now) for r in routes or TIMERS)

    def is_concerned(self, item: Item, person: str) -> bool:
        own = {item.requester, AGENT, OWNER, *self.groups["team"]}
        return person in own | set(self.groups.get(item.requester, ()))

    def answerable(self, item: Item, stages: list[list[str]], now: int) -> bool:
        """Whether each route has enough people, or a timeout that gets along without them."""
        for route in (route for stage in stages for route in stage):
            then = TIMERS[route][3]
            resorts = [route, "finance"] if then == "escalate" else [route]
            if then != "approve" and not any(self.staffed(one, item, now) for one in resorts):
                return False
        asks = [Ask.of(r, now) for stage in stages for r in stage if TIMERS[r][3] != "approve"]
        choices = product(*(self.ways(ask, item, now) for ask in asks))
        return min(_empty([(k, set(may)) for k, may in choice]) for choice in choices) == 0

    def staffed(self, route: str, item: Item, now: int) -> bool:
        everybody = set[str]().union(*(self.members(r, item, now) for r in serving(route)))
        return any(self._enough(r, everybody, item, now) for r in serving(route))

    def vote(self, item: Item, person: str, holder: str, route: str, first: str) -> None:
        """Count an approval, and go on with what follows from it."""
        now = self.time(item)
        (ask,) = [a for a in item.stage_asks() if (a.route, a.first) == (route, first)]
        assert not self.satisfied(ask, item, now), "a vote for what is answered already"
        legal: set[str] = set()
        for name in serving(route):
            legal |= self.places(person, name, item, now)
        assert holder in legal, f"{person} must not answer {route} for {holder}"
        ask.votes.append((person, holder))
        item.leaves.append("approved")
        self.advance(item, now)

    def advance(self, item: Item, now: int) -> None:
        item.seen = now
        while not self.waiting(item, now):
            if item.stage + 1 == len(item.stages):
                item.state, item.expires_at, item.free_at = "approved", now + DAY, now
                return
            item.stage += 1
            item.asks += [Ask.of(route, now) for route in item.stages[item.stage]]

    # --- timers

    def due(self) -> Iterator[tuple[Item, Ask, str]]:
        """Give what is due by the clock, the earliest first."""
        found = [
            (at, item, ask, kind)
            for item in self.items.values()
            if item.state == "pending"
            for ask in item.stage_asks()
            for kind in ("remind", "late", "timeout")
            for at in (getattr(ask, f"{kind}_at"),)
            if at is not None and at <= self.now
        ]
        for _, item, ask, kind in sorted(found, key=lambda entry: entry[0]):
            yield item, ask, kind

    def fire(self, item: Item, ask: Ask, kind: str) -> None:
        if item.state != "pending" or ask not in item.stage_asks():
            return
        now = self.time(item)
        item.seen = now
        if self.satisfied(ask, item, now):  # moot; its timeout begins again
            span = (ask.timeout_at or 0) - ask.asked_at
            setattr(ask, f"{kind}_at", now + span if kind == "timeout" else None)
            item.leaves.append("timer.passed")
        elif kind != "timeout":
            setattr(ask, f"{kind}_at", None)
            item.leaves.append("timer.reminded" if kind == "remind" else "timer.late")
        elif TIMERS[ask.route][3] == "approve" and self.was_heard(ask, item, now):
            ask.timeout_at, ask.passed = None, True
            item.leaves.append("timer.approved")
            self.advance(item, now)
        elif TIMERS[ask.route][3] == "escalate":
            item.asks[item.asks.index(ask)] = Ask.of("finance", now, ask.first)
            item.leaves.append("timer.escalated")
        else:
            item.leaves.append("timer.expired")
            self.end(item, "expired", now)

    def was_heard(self, ask: Ask, item: Item, now: int) -> bool:
        """Whether somebody could have answered all the time since it was asked."""
        barred = self.barred(item)
        barred |= {
            d.taker
            for d in self.delegations
            if d.giver in barred and d.begin <= now and d.end > ask.asked_at
            and not (d.revoked and (d.revoked_at or 0) <= ask.asked_at)
        }  # fmt: skip
        return any(set(self.groups[_MEMBERS[r]]) - barred for r in serving(ask.route))

    # --- ends

    def end(self, item: Item, state: str, now: int, leaf: str | None = None) -> None:
        """Put an item where it stays, and tell the one that it takes back."""
        item.state, item.seen = state, now
        if leaf is not None:
            item.leaves.append(leaf)
        parent = self.items.get(item.undoes or "")
        if parent is None:
            return
        if state in ("executing", "done") and parent.state in ("done", "compensation_failed"):
            parent.state, parent.undone_by = "compensating", item.id
            parent.leaves.append("compensating")
            parent.seen = max(parent.seen, now)
        if state in ENDED and parent.state == "compensating" and parent.undone_by == item.id:
            parent.state = "compensated" if state == "done" else "compensation_failed"
            parent.leaves.append(parent.state)
            parent.seen = max(parent.seen, now)

    def may_undo(self, item: Item, besides: Item | None = None) -> bool:
        """Whether nothing takes it back yet."""
        busy = [
            o for o in self.items.values() if o.undoes == item.id and o.open and o is not besides
        ]
        return not busy and item.state in ("done", "compensation_failed")

    def may_go_back(self, item: Item, parent: Item, by: str, status: str, now: int) -> bool:
        """Whether what would take another back runs only with somebody's answer, or their asking.

        The policy declares no action for taking back: that a refund may run by itself says nothing.
        """
        return self.decide(item, status, now) != [] or self.may_decide(parent, by)

    def may_run(self, item: Item, status: str, version: int) -> bool:
        """Whether everything is as approved, so that it may be carried out now."""
        now = self.time(item)
        if version != item.version or (item.expires_at is not None and item.expires_at <= now):
            return False
        asked = {route for stage in item.stages for route in stage}
        for begun in (False, True):
            needed = self.decide(item, status, now, earlier=True, begun=begun)
            if needed is None or not {r for stage in needed for r in stage} <= asked:
                return False
        return all(self.satisfied(ask, item, now) for ask in item.asks)


def _empty(places: list[tuple[int, set[str]]]) -> int:
    """How many places stay empty, by trying everybody everywhere."""
    people = sorted({name for _, may in places for name in may})
    if not people or not any(k for k, _ in places):
        return sum(k for k, _ in places)
    left = [(k, may - {people[0]}) for k, may in places]
    tries = [_empty(left)]
    for number, (k, may) in enumerate(places):
        if people[0] in may and k:
            tries.append(_empty([*left[:number], (k - 1, left[number][1]), *left[number + 1 :]]))
    return min(tries)


def serving(route: str) -> tuple[str, ...]:
    """The route and who outranks it."""
    return ("manager", "finance") if route == "manager" else (route,)


_BEGUN = frozenset({
    "executing", "verifying", "outcome_unknown", "done", "compensating", "compensation_failed",
})  # fmt: skip
"""What counts for a limit, and is not only waiting."""
