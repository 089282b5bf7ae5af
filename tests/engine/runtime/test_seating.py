"""Nobody answers who is needed for something else, and nobody else is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.flow import Flow
from gatewright.engine.runtime.routing import Roster, RouteAtNow, open_asks
from gatewright.engine.runtime.run import Ask, Quorum, Round, Run, State, Vote
from gatewright.engine.runtime.seating import (
    MOST_CHOICES,
    MOST_EDGES,
    Question,
    Seating,
    Way,
    questions_of,
    seat_for,
    spared_voters,
)
from gatewright.engine.runtime.transition import transition

HOUR = 3_600_000_000_000
EVERYBODY = ("ana", "ben", "cy", "dan", "eve")


# --- a roster, a round, a run ---------------------------------------------------------------------


def route(name: str, members: str, quorum: Quorum = "one", **more: object) -> RouteAtNow:
    found = RouteAtNow(name, name, quorum, frozenset(members.split()), timeout_at=HOUR)
    return replace(found, **more)  # type: ignore[arg-type]


def roster(*routes: RouteAtNow, **more: object) -> Roster:
    return Roster(frozenset(EVERYBODY), {r.route: r for r in routes}, **more)  # type: ignore[arg-type]


def asked(here: Roster, *stages: str, votes: tuple[Vote, ...] = ()) -> Round:
    """Return a round that asks the first of some stages: names of routes in a text each."""
    split = tuple(tuple(stage.split()) for stage in stages)
    return Round(
        number=1, opened_at=0, editor=None, plan="p", action={}, preview={}, decision={},
        policy="d", stages=split, card="c",
        asks=tuple(here.routes[name].ask(0) for name in split[0]), votes=votes,
    )  # fmt: skip


def vote(person: str, name: str, behalf: str | None = None) -> Vote:
    return Vote(person, name, "c", 1, on_behalf_of=behalf)


def pending(round_: Round) -> Run:
    return Run(
        id="run_1", version=1, state=State.PENDING, proposed_at=0, updated_at=0, requester="bot",
        agent="bot", owner=None, action="a", system="s", proposal="p", rounds=(round_,),
    )  # fmt: skip


def refusal(round_: Round, here: Roster, person: str, name: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        seat_for(round_, here, person, name)
    assert caught.value.code == "needed"
    return caught.value


# --- examples -------------------------------------------------------------------------------------


def test_who_alone_can_answer_a_later_stage_is_kept_for_it() -> None:
    here = roster(route("support", "ana ben"), route("managers", "ana"))
    round_ = asked(here, "support", "managers")
    refused = refusal(round_, here, "ana")
    assert (refused.message, refused.help) == (
        "`ana` is needed to answer for `managers`, which nobody else is left for",
        "let `ben` answer for `support`",
    )
    assert spared_voters(round_.asks[0], round_, here) == ("ben",)
    assert seat_for(round_, here, "ben") == (round_.asks[0], None)


def test_where_nothing_is_left_to_lose_everybody_may_answer() -> None:
    """Ana alone is asked for both: that cannot end well, and refusing her would not mend it."""
    here = roster(route("support", "ana"), route("managers", "ana"))
    round_ = asked(here, "support", "managers")
    assert seat_for(round_, here, "ana") == (round_.asks[0], None)


def test_a_stage_that_lacks_people_anyway_takes_nobody_else_from_another() -> None:
    here = roster(route("support", "ana ben"), route("managers", "ana"), route("board", "", "all"))
    assert "`managers`" in refusal(asked(here, "support", "managers", "board"), here, "ana").message


def test_a_quorum_keeps_as_many_as_it_needs() -> None:
    here = roster(route("support", "ana ben cy"), route("managers", "ana ben cy", 2))
    first = asked(here, "support", "managers")
    assert spared_voters(first.asks[0], first, here) == ("ana", "ben", "cy")
    here = roster(route("support", "ana ben cy"), route("managers", "ana ben", 2))
    first = asked(here, "support", "managers")
    assert spared_voters(first.asks[0], first, here) == ("cy",)


def test_all_of_a_group_are_kept_for_it() -> None:
    here = roster(route("support", "ana ben cy"), route("board", "ana ben", "all"))
    round_ = asked(here, "support", "board")
    assert spared_voters(round_.asks[0], round_, here) == ("cy",)


def test_places_shift_where_that_helps() -> None:
    """Ana may answer first: then ben is left for managers, and cy for the board."""
    here = roster(
        route("support", "ana"), route("managers", "ana ben"), route("board", "ben cy"),
    )  # fmt: skip
    round_ = asked(here, "support", "managers", "board")
    assert seat_for(round_, here, "ana")[0].route == "support"


def test_of_two_routes_that_are_asked_together_the_one_is_answered_that_leaves_enough() -> None:
    """Support has fewer people; of the managers only ana has not answered yet."""
    here = roster(
        route("board", "cy dan", "all"),
        route("support", "ana ben"),
        route("managers", "ana cy dan"),
    )
    run = pending(asked(here, "board", "support managers"))
    for person in ("cy", "dan"):
        run = transition(run, on.Approve(person, "c"), here, 1).run
    assert [ask.route for ask in open_asks(run.round, here)] == ["support", "managers"]
    assert seat_for(run.round, here, "ana")[0].route == "managers"
    assert "`managers`" in refusal(run.round, here, "ana", "support").message


def test_who_outranks_a_later_route_is_left_for_it() -> None:
    here = roster(
        route("support", "ana ben"), route("managers", "ana", outranked_by=("finance",)),
        route("finance", "dan"),
    )  # fmt: skip
    assert seat_for(asked(here, "support", "managers"), here, "ana")[0].route == "support"


@pytest.mark.parametrize(
    ("then", "may"), [("escalate", True), ("approve", False), ("reject", False)]
)
def test_a_later_route_may_get_other_people_by_escalating(then: str, may: bool) -> None:
    """Silence is no answer: somebody must be left who may say no."""
    here = roster(
        route("support", "ana ben"), route("managers", "ana", then=then, escalates_to="finance"),
        route("finance", "dan"),
    )  # fmt: skip
    round_ = asked(here, "support", "managers")
    if may:
        assert seat_for(round_, here, "ana")[0].route == "support"
    else:
        refusal(round_, here, "ana")


def test_a_route_whose_timeout_nobody_can_tell_does_not_escalate() -> None:
    here = roster(
        route("support", "ana ben"),
        route("managers", "ana", then="escalate", escalates_to="finance", timeout_at=None),
        route("finance", "dan"),
    )  # fmt: skip
    refusal(asked(here, "support", "managers"), here, "ana")


def test_routes_that_escalate_to_each_other_are_followed_once() -> None:
    here = roster(
        route("support", "ana ben"),
        route("managers", "ana", then="escalate", escalates_to="deputies"),
        route("deputies", "ana", then="escalate", escalates_to="managers"),
    )  # fmt: skip
    assert "`managers`" in refusal(asked(here, "support", "managers"), here, "ana").message


def test_a_stand_in_takes_the_places_of_both() -> None:
    """Ben stands in for cy; either of them may be the one who is needed."""
    here = roster(
        route("support", "cy dan"), route("managers", "ben"),
        stands_in_for={"ben": frozenset({"cy"})},
    )  # fmt: skip
    refused = refusal(asked(here, "support", "managers"), here, "ben")
    assert refused.message.startswith("`ben` is needed to answer for `managers`")
    assert refused.help == "let `cy` or `dan` answer for `support`"
    here = roster(
        route("support", "cy dan"), route("managers", "cy"),
        stands_in_for={"ben": frozenset({"cy"})},
    )  # fmt: skip
    refused = refusal(asked(here, "support", "managers"), here, "ben")
    assert refused.message.startswith("`cy` is needed to answer for `managers`")
    assert refused.help == "let `dan` answer for `support`"


def test_a_stand_in_answers_for_whom_can_be_spared() -> None:
    here = roster(
        route("support", "ana dan"), route("managers", "ana"),
        stands_in_for={"ben": frozenset({"ana", "dan"})},
    )  # fmt: skip
    round_ = asked(here, "support", "managers")
    assert seat_for(round_, here, "ben") == (round_.asks[0], "dan")


def test_a_giver_and_their_stand_in_are_not_both_spared_where_both_are_needed() -> None:
    here = roster(
        route("support", "ana dan"), route("board", "ana ben cy", 2),
        stands_in_for={"ben": frozenset({"ana"})},
    )  # fmt: skip
    round_ = asked(here, "support", "board")
    assert seat_for(round_, here, "ana")[0].route == "support"
    refusal(round_, here, "ben")


def test_a_stand_in_takes_nobody_away_from_where_only_their_own_answer_counts() -> None:
    """Ana alone would do, as finance; ben is excluded from that, and managers are two."""
    here = roster(
        route("managers", "ana", 2, outranked_by=("finance",)),
        route("finance", "ana", excluded=frozenset({"ben"})),
        stands_in_for={"ben": frozenset({"ana"})},
    )  # fmt: skip
    round_ = asked(here, "managers")
    refused = refusal(round_, here, "ben")
    assert refused.message == (
        "`ana` is needed to answer for `managers`, which nobody else is left for"
    )
    assert refused.help == "let `ana` answer for `managers`"
    assert seat_for(round_, here, "ana")[0].route == "managers"


def test_what_only_an_escalation_can_answer_waits_for_it() -> None:
    here = roster(
        route("support", "ana", then="escalate", escalates_to="finance"),
        route("managers", "ana"), route("finance", "dan"),
    )  # fmt: skip
    round_ = asked(here, "support", "managers")
    refused = refusal(round_, here, "ana")
    assert refused.help == "`support` waits for its timeout, or for more people in the directory"
    step = transition(pending(round_), on.TimerFired("timeout", "support"), here, HOUR)
    assert [(m.kind, m.to) for m in step.messages] == [("route.asked", ("dan",))]


def test_who_is_needed_later_may_still_say_no() -> None:
    here = roster(route("support", "ana ben"), route("managers", "ana"))
    run = pending(asked(here, "support", "managers"))
    assert transition(run, on.Reject("ana", "no"), here, 1).run.state is State.REJECTED


# --- against all possibilities --------------------------------------------------------------------


def ways_of(ask: Ask, votes: Iterable[Vote], here: Roster) -> list[tuple[int, set[str]]]:
    """Return how a question may be answered: how many more, of whom. From docs/runtime.md."""
    votes = list(votes)
    mine = [v for v in votes if (v.route, v.escalated_from) == (ask.route, ask.escalated_from)]
    found: list[tuple[int, set[str]]] = []
    todo = [(ask.route, mine)]
    then, heir, seen = ask.then, ask.escalates_to, {ask.route}
    if ask.timeout_at is None:
        then = None
    while then == "escalate" and heir in here.routes and heir not in seen:
        assert heir is not None
        seen.add(heir)
        todo.append((heir, []))
        known = here.routes[heir]
        then, heir = known.then if known.timeout_at is not None else None, known.escalates_to
    for name, given_votes in todo:
        if name not in here.routes:
            continue
        for serving in (name, *here.routes[name].outranked_by):
            one = here.routes[serving]
            may = set(one.members) - here.excluded
            others = votes if given_votes is mine else [v for v in votes if v not in mine]
            gone = {who for one_vote in others for who in (one_vote.person, one_vote.holder)}
            given_places = {
                v.holder
                for v in given_votes
                if v.person not in one.excluded | here.excluded and v.holder in may
            }
            needed = {"one": 1, "all": len(may)}.get(str(one.quorum), one.quorum)
            assert isinstance(needed, int)
            found.append((max(1, needed - len(given_places)), may - gone))
    return found or [(1, set())]


def lacking(round_: Round, here: Roster) -> int:
    """Return how many places stay empty at least, by trying everything."""
    asks = open_asks(round_, here)
    for stage in round_.stages[round_.stage + 1 :]:
        asks += [here.routes[name].ask(0) for name in stage]
    ways = [{(k, frozenset(may)) for k, may in ways_of(a, round_.votes, here)} for a in asks]
    return min(_empty(choice) for choice in product(*ways))


@cache
def _empty(choice: tuple[tuple[int, frozenset[str]], ...]) -> int:
    """Return how many places stay empty, whoever of these people fills which."""
    if not (people := frozenset[str]().union(*(may for _, may in choice))):
        return sum(k for k, _ in choice)
    person = min(people)
    left = tuple((k, may - {person}) for k, may in choice)
    least = _empty(left)
    for number, (k, may) in enumerate(choice):
        if person in may and k > 0:
            one_less = (k - 1, left[number][1])
            least = min(least, _empty((*left[:number], one_less, *left[number + 1 :])))
    return least


def may_approve(round_: Round, here: Roster, person: str) -> bool:
    """Return whether a person has a place to fill that costs no other one, by trying each."""
    gone = {name for one in round_.votes for name in (one.person, one.holder)}
    if person in gone | here.excluded:
        return False
    before = lacking(round_, here)
    for ask in open_asks(round_, here):
        may = set[str]()
        for name in (ask.route, *here.routes[ask.route].outranked_by):
            one = here.routes[name]
            if person not in one.excluded:
                own = {person} | set(here.stands_in_for.get(person, ()))
                may |= (set(one.members) - here.excluded) & own
        for holder in [person] if person in may else sorted(may - gone):
            one_more = Vote(person, ask.route, "c", 1, None, holder, ask.escalated_from)
            after = replace(round_, votes=(*round_.votes, one_more))
            if lacking(after, here) <= before:
                return True
    return False


crowds = st.frozensets(st.sampled_from(EVERYBODY[:4]), max_size=4)
names = ("r0", "r1", "r2", "r3")


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    routes: dict[str, RouteAtNow] = {}
    for number, name in enumerate(names):
        out = draw(st.frozensets(st.sampled_from(EVERYBODY[:4]), max_size=1))
        routes[name] = RouteAtNow(
            name, name, draw(st.sampled_from(["one", "one", "all", 2, 3])),
            draw(crowds) - out, out,
            outranked_by=draw(st.sampled_from([(), (), *((n,) for n in names[number + 1 :])])),
            timeout_at=draw(st.sampled_from([HOUR, HOUR, None])),
            then=draw(st.sampled_from([None, "reject", "approve", "escalate", "escalate"])),
            escalates_to=draw(st.sampled_from([n for n in names if n != name])),
        )  # fmt: skip
    stands_in = draw(st.dictionaries(st.sampled_from(EVERYBODY), crowds, max_size=2))
    return Roster(
        frozenset(EVERYBODY), routes, draw(st.sampled_from([frozenset(), frozenset({"ana"})])),
        {taker: givers - {taker} for taker, givers in stands_in.items()},
    )  # fmt: skip


layouts = st.sampled_from(
    [("r0",), ("r0", "r1"), ("r0 r1",), ("r0 r1", "r2"), ("r0", "r1", "r2"), ("r0", "r1 r2")]
)


@given(here=rosters(), stages=layouts, order=st.lists(st.sampled_from(EVERYBODY), max_size=4))
def test_who_may_answer_is_who_leaves_enough_people(
    here: Roster, stages: tuple[str, ...], order: list[str]
) -> None:
    run = pending(asked(here, *stages))
    for person in (*order, None):
        if run.state is not State.PENDING:
            return
        round_ = run.round
        assert Seating(questions_of(round_, here)).lacking == lacking(round_, here)
        allowed = {name for name in EVERYBODY if may_approve(round_, here, name)}
        listed = {n for ask in open_asks(round_, here) for n in spared_voters(ask, round_, here)}
        assert listed <= allowed
        assert listed >= {n for n in allowed if n not in here.stands_in_for}
        try:
            run = transition(run, on.Approve(person or "ben", "c"), here, 1).run
        except Refused as refused:
            assert (person or "ben") not in allowed
            assert refused.code in ("needed", "voted", "excluded", "not_eligible")
        else:
            assert (person or "ben") in allowed


@given(here=rosters(), stages=layouts, data=st.data())
def test_a_run_that_could_be_answered_never_ends_up_where_it_cannot(
    here: Roster, stages: tuple[str, ...], data: st.DataObject
) -> None:
    """Whoever may answers; where nobody may, all that is asked escalates; so it gets approved."""
    run, now = pending(asked(here, *stages)), 0
    if lacking(run.round, here) > 0:
        return
    for _ in range(20):
        if run.state is not State.PENDING:
            break
        asks = open_asks(run.round, here)
        voters = [(ask, name) for ask in asks for name in spared_voters(ask, run.round, here)]
        if voters:
            ask, name = data.draw(st.sampled_from(voters))
            run = transition(run, on.Approve(name, "c", ask.route), here, now).run
        else:
            now, here = now + HOUR, _later(here, now + 2 * HOUR)
            for ask in asks:
                assert (ask.then, ask.timeout_at) == ("escalate", now)
                run = transition(run, on.TimerFired("timeout", ask.route), here, now).run
        assert lacking(run.round, here) == 0
    assert run.state is State.APPROVED
    used = [name for one in run.round.votes for name in {one.person, one.holder}]
    assert len(used) == len(set(used)), "somebody filled two places"


def _later(here: Roster, at: int) -> Roster:
    """Return a roster whose timeouts are at an instant."""
    routes = {
        name: replace(one, timeout_at=None if one.timeout_at is None else at)
        for name, one in here.routes.items()
    }
    return replace(here, routes=routes)


# --- large ones -----------------------------------------------------------------------------------


def test_a_quorum_of_a_thousand_of_thousands() -> None:
    """Exactly as many people as places: none of those may answer first who are needed later."""
    many = [f"p{number}" for number in range(3_000)]
    routes = [
        replace(route("support", " ".join(many)), quorum=1_000),
        replace(route("board", " ".join(many[:1_000])), quorum="all"),
        replace(route("panel", " ".join(many[500:2_000])), quorum=1_000),
    ]
    here = Roster(frozenset(many), {one.route: one for one in routes})
    round_ = asked(here, "support", "board", "panel")
    assert spared_voters(round_.asks[0], round_, here) == tuple(sorted(many[2_000:]))
    refusal(round_, here, "p700")


def test_work_has_a_bound_however_many_ways_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty routes with ten ways each, and hundreds who can each choose from other places."""
    runs = 0
    run = Flow.run

    def counting(self: Flow) -> int:
        nonlocal runs
        runs += 1
        return run(self)

    monkeypatch.setattr(Flow, "run", counting)
    crowd = [f"p{number}" for number in range(400)]
    questions = [
        Question(
            f"q{q}",
            tuple(
                Way(2 + w, frozenset(crowd[(q * 31 + w * 7) % 100 : 120 + 13 * q : w + 1]))
                for w in range(10)
            ),
        )
        for q in range(20)
    ]
    seats = Seating(questions)
    assert seats.lacking == 0
    assert seats.spared(0)
    assert 0 < runs <= MOST_CHOICES
    edges = sum(len(way.people) for q in questions for way in q.ways)
    assert runs * edges <= 2 * MOST_EDGES


@given(
    st.lists(st.tuples(st.integers(2, 6), st.integers(2, 6), st.integers(1, 3)), max_size=12),
    st.lists(st.tuples(st.integers(2, 6), st.integers(1, 4)), max_size=4),
    st.lists(st.tuples(st.integers(2, 6), st.integers(1, 4)), max_size=4),
)
def test_a_flow_is_as_large_as_the_smallest_cut(
    edges: list[tuple[int, int, int]], begin: list[tuple[int, int]], end: list[tuple[int, int]]
) -> None:
    flow = Flow(7)
    joined = [
        *((Flow.SOURCE, to, room) for to, room in begin),
        *((at, Flow.SINK, room) for at, room in end),
        *edges,
    ]
    for edge in joined:
        flow.join(*edge)
    cuts = [
        sum(room for a, b, room in joined if a in side and b not in side)
        for bits in range(2**5)
        for side in [{Flow.SOURCE, *(2 + n for n in range(5) if bits >> n & 1)}]
    ]
    assert flow.run() == min(cuts)
    assert Flow.SINK not in flow.reachable(Flow.SOURCE)
