"""Who may answer what is asked, and whether the answers are enough. Pure.

A `Roster` is what the policy and the directory say at one instant about the routes of a run.
INVARIANT: a person fills one place in a round; who is excluded fills none, for anybody.
Source: docs/language.md#route; docs/runtime.md#what-people-can-do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from gatewright.dsl.records import dataclass, field
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.run import Ask, Quorum, Round, Vote


@dataclass(frozen=True, slots=True)
class RouteAtNow:
    """A route with its people and, for one that is asked now, the instants of its timers."""

    route: str
    name: str
    quorum: Quorum
    members: frozenset[str]
    """Who may answer: without those whom the route excludes."""
    excluded: frozenset[str] = frozenset()
    why: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of who is excluded: why, such as `brought the proposal`."""
    silenced: frozenset[str] = frozenset()
    """Who would be a member, and is excluded only for standing in for somebody who is."""
    outranked_by: tuple[str, ...] = ()
    remind_at: int | None = None
    late_at: int | None = None
    timeout_at: int | None = None
    then: Literal["reject", "approve", "escalate"] | None = None
    escalates_to: str | None = None

    def ask(self, now: int, escalated_from: str | None = None) -> Ask:
        """Return the route as asked now."""
        return Ask(
            route=self.route, name=self.name, quorum=self.quorum, asked_at=now,
            remind_at=self.remind_at, late_at=self.late_at, timeout_at=self.timeout_at,
            then=self.then, escalates_to=self.escalates_to, escalated_from=escalated_from,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that people events and timers of one run depend on, besides the run."""

    people: frozenset[str] = frozenset()
    """Everybody whom the directory knows."""
    routes: Mapping[str, RouteAtNow] = field(default_factory=dict[str, RouteAtNow])
    excluded: frozenset[str] = frozenset()
    """Who must not answer any route: the agent, who edited the plan, and their stand-ins."""
    stands_in_for: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Person -> those for whom they may answer now."""
    concerned: frozenset[str] = frozenset()
    """The requester, the agent and its owner; of a team, its members."""
    why: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of who must not answer any route: why, such as `changed the plan`."""
    silenced: frozenset[str] = frozenset()
    """Of who must not answer any route: those who only stand in for somebody."""
    unheard: frozenset[str] = frozenset()
    """Routes of which silence says nothing: nobody could answer them all the time."""

    def voters(self, ask: Ask) -> frozenset[str]:
        """Return whose answers serve for a route: its own people and those who outrank them."""
        people = frozenset[str]().union(*(self.routes[r].members for r in self.serving(ask)))
        return people - self.excluded

    def holders(self, route: RouteAtNow, person: str) -> frozenset[str]:
        """Return whose places of a route a person may fill: their own, and of whom they stand in.

        Who is excluded fills none, for anybody.
        """
        if person in route.excluded or person in self.excluded:
            return frozenset()
        givers = self.stands_in_for.get(person, frozenset[str]())
        return (route.members - self.excluded) & ({person} | givers)

    def serving(self, ask: Ask) -> tuple[str, ...]:
        """Return the route and those that outrank it."""
        here = self.routes.get(ask.route)
        if here is None:  # the policy in force does not know it any more
            return ()
        return (ask.route, *(r for r in here.outranked_by if r in self.routes))


def open_asks(round_: Round, roster: Roster) -> list[Ask]:
    """Return what still needs an answer in the stage that is asked."""
    return [ask for ask in asked(round_) if not is_satisfied(ask, round_.votes, roster)]


def asked(round_: Round) -> list[Ask]:
    """Return what the stage asks, answered or not."""
    names = round_.stages[round_.stage] if round_.stage < len(round_.stages) else ()
    return [ask for ask in round_.asks if (ask.escalated_from or ask.route) in names]


def answers(vote: Vote, ask: Ask) -> bool:
    """Tell whether a vote is for this question: it fills no second place where a route has two."""
    return (vote.route, vote.escalated_from) == (ask.route, ask.escalated_from)


def is_satisfied(ask: Ask, votes: Iterable[Vote], roster: Roster) -> bool:
    """Tell whether a route has its answer: its own quorum, or that of one that outranks it."""
    if ask.approved_by_timeout:
        return True
    here = counted(votes, ask, roster)
    return any(_is_enough(roster.routes[r], here, roster) for r in roster.serving(ask))


def counted(votes: Iterable[Vote], ask: Ask, roster: Roster) -> list[Vote]:
    """Return the votes for this question, of people who are still there and may answer."""
    people = roster.people - roster.excluded
    return [vote for vote in votes if answers(vote, ask) and vote.person in people]


def may_time_out_approved(ask: Ask, roster: Roster) -> bool:
    """Tell whether the policy still lets the route approve what nobody answered."""
    here = roster.routes.get(ask.route)
    return here is not None and here.then == "approve"


def is_in_force(ask: Ask, roster: Roster) -> bool:
    """Tell whether what a timeout did is still what the policy says: an approval, an escalation."""
    if ask.approved_by_timeout and not may_time_out_approved(ask, roster):
        return False
    before, seen = ask.escalated_from, set[str]()
    while before is not None and before not in seen:
        route = roster.routes.get(before)
        if route is None:
            return False
        if ask.route in (route.escalates_to, *route.outranked_by):
            return True
        seen.add(before)
        before = route.escalates_to
    return ask.escalated_from is None


def _is_enough(route: RouteAtNow, votes: list[Vote], roster: Roster) -> bool:
    return _has_quorum(route, given_places(route, votes, roster), roster)


def places_of(route: RouteAtNow, roster: Roster) -> frozenset[str]:
    """Return whose answers a route counts now."""
    return route.members - roster.excluded


def given_places(route: RouteAtNow, votes: Iterable[Vote], roster: Roster) -> frozenset[str]:
    """Return which places of a route votes fill; of who is excluded from it none counts."""
    holders = {vote.holder for vote in votes if vote.person not in route.excluded}
    return places_of(route, roster) & holders


def is_silenced(route: RouteAtNow, roster: Roster) -> bool:
    """Tell whether a delegation alone keeps somebody from answering: all of a route are more."""
    return bool(route.silenced or route.members & roster.silenced)


def _has_quorum(route: RouteAtNow, filled: frozenset[str], roster: Roster) -> bool:
    if route.quorum == "all":
        everybody = filled == places_of(route, roster) and not is_silenced(route, roster)
        return bool(filled) and everybody
    return len(filled) >= (1 if route.quorum == "one" else route.quorum)


def can_be_answered(ask: Ask, votes: Iterable[Vote], roster: Roster) -> bool:
    """Tell whether there are enough people left for the route, or for one that outranks it.

    `votes` are those of the round: who filled another place of it is not there any more.
    """
    if ask.approved_by_timeout:
        return True
    votes = list(votes)
    here = counted(votes, ask, roster)
    return any(_can_be_enough(roster.routes[r], here, votes, roster) for r in roster.serving(ask))


def _can_be_enough(route: RouteAtNow, here: list[Vote], votes: list[Vote], roster: Roster) -> bool:
    left = places_of(route, roster) - who_answered(votes)
    return _has_quorum(route, given_places(route, here, roster) | left, roster)


def who_answered(votes: Iterable[Vote]) -> frozenset[str]:
    """Return who fills a place of the round, or has one filled: they answer nothing else in it."""
    return frozenset(name for vote in votes for name in (vote.person, vote.holder))


def free_voters(ask: Ask, votes: Iterable[Vote], roster: Roster) -> tuple[str, ...]:
    """Return, sorted, whose answers serve for a route and who have not answered in this round."""
    return tuple(sorted(roster.voters(ask) - who_answered(votes)))


def places_for(
    round_: Round, roster: Roster, person: str, route: str | None = None
) -> list[tuple[Ask, str]]:
    """Return what a person may answer, and in whose place; raises Refused where there is nothing.

    First what has the fewest people: others can answer the rest. Their own place, where they have
    one, else those of whom they stand in for.
    """
    require_known(roster, person)
    asks = open_asks(round_, roster)
    if person in roster.excluded:
        raise _excluded(person, [roster.why.get(person)], _asked_text(asks, round_, roster))
    if person in who_answered(round_.votes):
        raise Refused(
            "voted",
            f"`{person}` has answered already",
            "nobody fills two places: ask somebody else",
        )
    wanted = [ask for ask in asks if route in (None, ask.route, ask.name)]
    by_need = sorted(wanted, key=lambda ask: (len(roster.voters(ask)), ask.route))
    found = [(ask, holder) for ask in by_need for holder in _holders(ask, round_, roster, person)]
    if not found:
        serving = [roster.routes[name] for ask in wanted for name in roster.serving(ask)]
        excluding = [one for one in serving if person in one.excluded]
        waits = _asked_text(asks, round_, roster)
        if excluding:
            raise _excluded(person, [one.why.get(person) for one in excluding], waits)
        raise Refused(
            "not_eligible",
            f"`{person}` is not among those who are asked"
            if wanted or route is None
            else f"the run does not wait for `{route[:80]}`",
            waits,
        )
    return found


def _holders(ask: Ask, round_: Round, roster: Roster, person: str) -> list[str]:
    """Return whose places a person may fill; INVARIANT: of nobody who answered already."""
    places = [roster.holders(roster.routes[r], person) for r in roster.serving(ask)]
    may = frozenset[str]().union(*places)
    return [person] if person in may else sorted(may - who_answered(round_.votes))


def require_known(roster: Roster, person: str) -> None:
    """Raise Refused for somebody whom the directory does not know."""
    if person not in roster.people:
        raise Refused(
            "unknown_person", f"the directory knows no `{person[:80]}`",
            "people are named by their id in the directory",
        )  # fmt: skip


def require_route(roster: Roster, person: str) -> None:
    """Raise Refused for somebody who is excluded from this run, or could answer none of its routes.

    A route that they would answer only in the place of others counts too.
    """
    if person in roster.excluded:
        raise _excluded(person, [roster.why.get(person)], _routes_text(roster))
    routes = roster.routes.values()
    if not any(roster.holders(route, person) for route in routes):
        told = [route.why.get(person) for route in routes if person in route.excluded]
        raise Refused(
            "not_eligible",
            f"`{person}` is not among those who may decide about this run{_since(person, told)}",
            _routes_text(roster),
        )  # fmt: skip


def _excluded(person: str, whys: Iterable[str | None], help: str) -> Refused:
    return Refused(
        "excluded", f"`{person}` must not answer this run{_since(person, whys)}", help
    )  # fmt: skip


def _since(person: str, whys: Iterable[str | None]) -> str:
    told = " and ".join(dict.fromkeys(why for why in whys if why))
    return f": `{person}` {told}" if told else ""


_MOST_NAMED: Final = 8
"""How many people of a route are named."""


def _asked_text(asks: Iterable[Ask], round_: Round, roster: Roster) -> str:
    """Say what a round waits for, and who may answer that."""
    waits = [_with_people(a.name, free_voters(a, round_.votes, roster)) for a in asks]
    return f"the run waits for {' and '.join(sorted(waits)) or 'nobody'}"


def _routes_text(roster: Roster) -> str:
    """Say who may decide about a run."""
    routes = sorted(roster.routes.values(), key=lambda route: route.name)
    named = [_with_people(one.name, sorted(places_of(one, roster))) for one in routes]
    return f"ask somebody of {' or '.join(named)}" if named else "no policy has a route for it"


def _with_people(route: str, people: Sequence[str]) -> str:
    more = len(people) - _MOST_NAMED
    named = [*people[:_MOST_NAMED], *([f"{more} more"] if more > 0 else ())]
    return f"{route} ({', '.join(named) or 'nobody is left'})"
