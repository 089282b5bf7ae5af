"""Whether those who are left can fill all places of a round, and whose answer leaves one empty.

A person fills one place in a round. Somebody who answers what is asked now may be the only one who
can answer what is asked later, and a run that lets them waits for nobody. So it counts who is left
for all of it. Pure.

A question is answered in one of several ways: by so many people of its route, of one that outranks
it, or of one that it escalates to. That silence approves is no way: somebody must be left who may
say no. Each way chosen, people and places are a matching; people with the same places to choose
from are counted, not looked at one by one. Who stands in for somebody takes the places of both, so
nothing is gained by it, and nobody has to be counted who does.
Source: docs/runtime.md#who-is-kept-for-a-later-stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, product
from typing import Final

from gatewright.dsl.records import dataclass, replace
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.flow import Flow
from gatewright.engine.runtime.routing import (
    Roster,
    RouteAtNow,
    answers,
    counted,
    free_voters,
    given_places,
    is_silenced,
    open_asks,
    places_for,
    places_of,
    who_answered,
)
from gatewright.engine.runtime.run import Ask, Round, Vote

MOST_CHOICES: Final = 64
"""How many choices of ways are looked at. Of more the first count, those of the routes themselves:
then an answer may be refused that some other choice would bear, and none is let through."""

MOST_EDGES: Final = 200_000
"""How much all choices may have together, of people with different places to choose from."""

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Way:
    """So many answers more, each of another of these people."""

    places: int
    people: frozenset[str]

    def is_harder(self, other: Way) -> bool:
        """Tell whether whoever goes this way could go the other one too."""
        return other.places <= self.places and self.people <= other.people


@dataclass(frozen=True, slots=True)
class Question:
    """What still needs answers: an open route of this stage, or one of a later stage."""

    name: str
    ways: tuple[Way, ...]

    @property
    def people(self) -> frozenset[str]:
        """Everybody who may get to answer it."""
        return frozenset[str]().union(*(way.people for way in self.ways))


# --- what is to be answered -----------------------------------------------------------------------


def questions_of(round_: Round, roster: Roster) -> list[Question]:
    """Return what still needs answers: first `open_asks`, in their order, then later stages."""
    later = (name for stage in round_.stages[round_.stage + 1 :] for name in stage)
    asks = [*open_asks(round_, roster), *(_asked_later(name, roster) for name in later)]
    return [Question(ask.name, _ways(ask, round_.votes, roster)) for ask in asks]


def enough_for_all(round_: Round, roster: Roster) -> bool:
    """Tell whether a round that begins can be answered, if each person fills one place.

    What is approved where nobody answers in time needs nobody.
    """
    asks = [_asked_later(name, roster) for stage in round_.stages for name in stage]
    waiting = [ask for ask in asks if ask.then != "approve"]
    return Seating([Question(ask.name, _ways(ask, (), roster)) for ask in waiting]).lacking == 0


def _asked_later(name: str, roster: Roster) -> Ask:
    known = roster.routes.get(name)
    return Ask(name, name, "all", 0) if known is None else known.ask(0)


def _ways(ask: Ask, votes: Sequence[Vote], roster: Roster) -> tuple[Way, ...]:
    gone, here = who_answered(votes), counted(votes, ask, roster)
    found = [_way(roster.routes[r], here, gone, roster) for r in roster.serving(ask)]
    gone = who_answered(vote for vote in votes if not answers(vote, ask))
    for heir in _heirs(ask, roster):  # what was said to the first one is void then
        found += [_way(roster.routes[r], (), gone, roster) for r in roster.serving(heir)]
    return _easiest(found) or (Way(1, frozenset()),)


def _heirs(ask: Ask, roster: Roster) -> Iterator[Ask]:
    """Give what a question becomes when nobody answers in time, one after the other."""
    seen = {ask.route}
    while ask.then == "escalate" and ask.timeout_at is not None:
        heir = roster.routes.get(ask.escalates_to or "")
        if heir is None or heir.route in seen:
            return
        seen.add(heir.route)
        ask = heir.ask(0)
        yield ask


def _way(route: RouteAtNow, here: Iterable[Vote], gone: frozenset[str], roster: Roster) -> Way:
    if route.quorum == "all" and is_silenced(route, roster):
        return Way(1, frozenset())
    eligible, given = places_of(route, roster), given_places(route, here, roster)
    needed = (
        len(eligible) if route.quorum == "all" else 1 if route.quorum == "one" else route.quorum
    )
    return Way(max(needed - len(given), 1), eligible - gone)


def _easiest(found: list[Way]) -> tuple[Way, ...]:
    """Return ways without those that are harder than another; of one place there is one."""
    ones = [way for way in found if way.places == 1]
    if ones:
        ones = [Way(1, frozenset[str]().union(*(way.people for way in ones)))]
    ways = list(dict.fromkeys([*ones, *(way for way in found if way.places > 1)]))
    return tuple(
        way for way in ways if not any(way.is_harder(other) for other in ways if other != way)
    )


# --- who is left for it ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Filling:
    """As many places filled as can be, each question in its chosen way."""

    chosen: int
    """The chosen ways, as bits."""
    flow: Flow
    lacking: int


class Seating:
    """People and the places that they could fill. Cost: see `MOST_CHOICES` and `flow`."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = questions
        self._ways: list[list[tuple[int, Way]]] = []
        """Of each question its ways, with the bit of each."""
        could: dict[str, int] = {}
        bit = 1
        for question in questions:
            self._ways.append([])
            for way in question.ways:
                self._ways[-1].append((bit, way))
                for person in way.people:
                    could[person] = could.get(person, 0) | bit
                bit <<= 1
        groups: dict[int, list[str]] = {}
        for person in sorted(could):
            groups.setdefault(could[person], []).append(person)
        self._groups = list(groups.items())
        edges = 1 + sum(bits.bit_count() for bits in groups)
        self._most = max(1, min(MOST_CHOICES, MOST_EDGES // edges))
        self._made: list[_Filling] = []

    @cached_property
    def lacking(self) -> int:
        """How many places stay empty at least, whoever answers what."""
        least: int | None = None
        for filling in self._fillings():
            least = filling.lacking if least is None else min(least, filling.lacking)
            if least == 0:
                break
        return least or 0

    def spared(self, number: int) -> frozenset[str]:
        """Return who may answer a question, in their own place, and leave no place empty by that.

        Those who may get to answer it, whether they are asked now or after it escalates.
        """
        bits = sum(bit for bit, _ in self._ways[number])
        waiting = {place for place, (mask, _) in enumerate(self._groups) if mask & bits}
        found = set[int]()
        for filling in self._fillings():
            if not waiting:
                break
            if filling.lacking == self.lacking:
                fitting = {g for g in waiting if self._groups[g][0] & bits & filling.chosen}
                here = filling.flow.reachable(self._question(number))
                free = filling.flow.reachable(Flow.SOURCE)
                spared = {g for g in waiting if self._group(g) in (here if g in fitting else free)}
                found |= spared
                waiting -= spared
        return frozenset(name for g in found for name in self._groups[g][1])

    def _fillings(self) -> Iterator[_Filling]:
        """Give a filling for each choice of ways; each is made once."""
        for number, choice in enumerate(islice(product(*self._ways), self._most)):
            if number == len(self._made):
                self._made.append(self._filled(choice))
            yield self._made[number]

    def _filled(self, choice: tuple[tuple[int, Way], ...]) -> _Filling:
        flow = Flow(2 + len(self._questions) + len(self._groups))
        for number, (_, way) in enumerate(choice):
            flow.join(self._question(number), Flow.SINK, way.places)
        for place, (mask, people) in enumerate(self._groups):
            flow.join(Flow.SOURCE, self._group(place), len(people))
            for number, (bit, _) in enumerate(choice):
                if mask & bit:
                    flow.join(self._group(place), self._question(number), len(people))
        lacking = sum(way.places for _, way in choice) - flow.run()
        flow.join(Flow.SINK, Flow.SOURCE, 1)  # one answer may take the place of another
        return _Filling(sum(bit for bit, _ in choice), flow, lacking)

    def _question(self, number: int) -> int:
        return 2 + number

    def _group(self, place: int) -> int:
        return 2 + len(self._questions) + place


# --- whose answer may be taken --------------------------------------------------------------------


def spared_voters(ask: Ask, round_: Round, roster: Roster) -> tuple[str, ...]:
    """Return, sorted, who may answer an open question of a round now."""
    return _Table(round_, roster).voters(ask)


def seat_for(
    round_: Round, roster: Roster, person: str, route: str | None = None
) -> tuple[Ask, str | None]:
    """Return which ask a person answers, and on whose behalf; raises Refused.

    As `place_for`, and none that would leave another place empty for good.
    """
    table = _Table(round_, roster)
    places = places_for(round_, roster, person, route)
    for ask, holder in places:
        if table.can_spare(ask, person, holder):
            return ask, None if holder == person else holder
    raise table.needed(*places[0], person)


class _Table:
    """The questions of a round, and who is left for them."""

    def __init__(self, round_: Round, roster: Roster) -> None:
        self._round, self._roster = round_, roster
        self._open = open_asks(round_, roster)
        self._questions = questions_of(round_, roster)

    @cached_property
    def _seating(self) -> Seating:
        return Seating(self._questions)

    def voters(self, ask: Ask) -> tuple[str, ...]:
        """Return, sorted, whose answers an open question can take."""
        free = free_voters(ask, self._round.votes, self._roster)
        wanted = self._wanted_elsewhere(ask)
        if wanted.isdisjoint(free):
            return free
        spared = self._seating.spared(self._number(ask))
        return tuple(name for name in free if name not in wanted or name in spared)

    def can_spare(self, ask: Ask, person: str, holder: str) -> bool:
        """Tell whether an answer leaves no more places empty than there are without it."""
        if person == holder:
            is_wanted = person in self._wanted_elsewhere(ask)
            return not is_wanted or person in self._seating.spared(self._number(ask))
        # A stand-in may be excluded from a route that would count whom they answer for.
        vote = Vote(person, ask.route, self._round.card, 0, None, holder, ask.escalated_from)
        after = replace(self._round, votes=(*self._round.votes, vote))
        return Seating(questions_of(after, self._roster)).lacking <= self._seating.lacking

    def needed(self, ask: Ask, holder: str, person: str) -> Refused:
        """Return why somebody's answer cannot be taken, and who may answer instead."""
        seating, own = self._seating, self._number(ask)
        names = (person, holder) if holder in seating.spared(own) else (holder, person)
        kept, place = next(
            (
                (name, question.name)
                for name in names
                for number, question in enumerate(self._questions)
                if number != own and name in seating.spared(number)
            ),
            (holder, ask.name),
        )
        others = [f"`{name}`" for name in self.voters(ask) if name != person]
        named = [*others[:_MOST_NAMED], *(["others"] if len(others) > _MOST_NAMED else ())]
        return Refused(
            "needed",
            f"`{kept}` is needed to answer for `{place}`, which nobody else is left for",
            f"let {' or '.join(named)} answer for `{ask.name}`" if named else
            f"`{ask.name}` waits for its timeout, or for more people in the directory",
        )  # fmt: skip

    def _number(self, ask: Ask) -> int:
        """Return which of the questions an open one is, whatever its timers are by now."""
        keys = [(one.route, one.escalated_from) for one in self._open]
        return keys.index((ask.route, ask.escalated_from))

    def _wanted_elsewhere(self, ask: Ask) -> frozenset[str]:
        own = self._number(ask)
        others = (q.people for number, q in enumerate(self._questions) if number != own)
        return frozenset[str]().union(*others)
