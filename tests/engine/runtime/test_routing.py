"""Who may answer, and when the answers are enough."""

from __future__ import annotations

import pytest

from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import (
    Roster,
    RouteAtNow,
    can_be_answered,
    free_voters,
    is_satisfied,
    open_asks,
)
from gatewright.engine.runtime.run import Ask, Quorum, Round, Vote
from gatewright.engine.runtime.seating import seat_for

EVERYBODY = frozenset({"ann", "bob", "cat", "fay", "gus"})


def route(
    name: str, *members: str, quorum: Quorum = "one", above: tuple[str, ...] = ()
) -> RouteAtNow:
    return RouteAtNow(name, name, quorum, frozenset(members), outranked_by=above)


def roster(
    *routes: RouteAtNow, excluded: str = "", stand_ins: dict[str, str] | None = None
) -> Roster:
    return Roster(
        EVERYBODY,
        {r.route: r for r in routes},
        frozenset(excluded.split()),
        {taker: frozenset({giver}) for taker, giver in (stand_ins or {}).items()},
    )


def asked(*stages: tuple[str, ...], quorum: Quorum = "one", votes: tuple[Vote, ...] = ()) -> Round:
    return Round(
        number=1, opened_at=0, editor=None, plan="p", action={}, preview={}, decision={},
        policy="d", stages=stages, card="c",
        asks=tuple(Ask(name, name, quorum, 0) for name in stages[0]), votes=votes,
    )  # fmt: skip


def vote(person: str, name: str = "manager", behalf: str | None = None) -> Vote:
    return Vote(person, name, "c", 1, on_behalf_of=behalf)


@pytest.mark.parametrize(
    ("quorum", "voters", "enough"),
    [
        ("one", "ann", True),
        (2, "ann", False),
        (2, "ann bob", True),
        ("all", "ann bob", False),
        ("all", "ann bob cat", True),
    ],
)
def test_a_quorum_is_counted_over_people(quorum: Quorum, voters: str, enough: bool) -> None:
    here = roster(route("manager", "ann", "bob", "cat", quorum=quorum))
    ask = Ask("manager", "manager", quorum, 0)
    assert is_satisfied(ask, [vote(v) for v in voters.split()], here) is enough


def test_two_votes_of_one_person_count_once() -> None:
    here = roster(route("manager", "ann", "bob", quorum=2))
    assert not is_satisfied(Ask("manager", "manager", 2, 0), [vote("ann"), vote("ann")], here)


def test_all_of_nobody_is_never_enough() -> None:
    ask = Ask("manager", "manager", "all", 0)
    assert not is_satisfied(ask, [vote("ann")], roster(route("manager", quorum="all")))
    assert not can_be_answered(ask, [], roster(route("manager", quorum="all")))


@pytest.mark.parametrize(
    ("votes", "left"),
    [
        ([], True),
        ([vote("fay", "finance")], True),
        ([vote("fay")], False),  # fay filled another place: gus is alone
        ([vote("cat", behalf="fay")], False),
        ([vote("fay"), vote("gus", "finance")], False),
        ([vote("gus", "finance"), vote("fay", "finance")], True),
    ],
)
def test_who_filled_another_place_is_not_left_for_a_route(votes: list[Vote], left: bool) -> None:
    ask = Ask("finance", "finance", 2, 0)
    here = roster(route("manager", "ann"), route("finance", "fay", "gus", quorum=2))
    assert can_be_answered(ask, votes, here) is left


def test_who_answered_is_not_asked_again() -> None:
    ask = Ask("finance", "finance", 2, 0)
    here = roster(route("finance", "ann", "fay", "gus", quorum=2))
    assert free_voters(ask, [vote("fay", "finance")], here) == ("ann", "gus")
    assert free_voters(ask, [vote("cat", behalf="gus")], here) == ("ann", "fay")


def test_who_has_left_the_group_does_not_count_any_more() -> None:
    ask = Ask("manager", "manager", "one", 0)
    assert not is_satisfied(ask, [vote("ann")], roster(route("manager", "bob")))


def test_a_route_that_the_policy_does_not_know_any_more_is_never_answered() -> None:
    assert not is_satisfied(Ask("gone", "gone", "one", 0), [vote("ann", "gone")], roster())


def test_who_outranks_a_route_may_answer_for_it() -> None:
    here = roster(route("manager", "ann", above=("finance",)), route("finance", "fay"))
    ask, behalf = seat_for(asked(("manager",)), here, "fay")
    assert (ask.route, behalf) == ("manager", None)
    assert is_satisfied(ask, [vote("fay")], here)


def test_the_quorum_of_the_higher_route_is_needed_for_its_answer() -> None:
    here = roster(
        route("manager", "ann", quorum=2, above=("finance",)),
        route("finance", "fay", "gus", quorum=2),
    )
    ask = Ask("manager", "manager", 2, 0)
    assert not is_satisfied(ask, [vote("ann"), vote("fay")], here)
    assert is_satisfied(ask, [vote("gus"), vote("fay")], here)


def test_nobody_fills_two_places() -> None:
    here = roster(route("a", "ann"), route("b", "ann", "bob"))
    round_ = asked(("a", "b"), votes=(vote("ann", "a"),))
    with pytest.raises(Refused, match="answered already") as caught:
        seat_for(round_, here, "ann")
    assert caught.value.code == "voted"
    assert seat_for(round_, here, "bob")[0].route == "b"


def test_the_route_with_the_fewest_people_is_answered_first() -> None:
    here = roster(route("a", "ann", "bob", "cat"), route("b", "ann"))
    assert seat_for(asked(("a", "b")), here, "ann")[0].route == "b"


@pytest.mark.parametrize(
    ("person", "code"),
    [("zed", "unknown_person"), ("ann", "excluded"), ("gus", "not_eligible")],
)
def test_who_must_not_answer_is_told_who_may(person: str, code: str) -> None:
    here = roster(route("manager", "ann", "bob"), excluded="ann")
    with pytest.raises(Refused) as caught:
        seat_for(asked(("manager",)), here, person)
    assert caught.value.code == code
    assert code == "unknown_person" or caught.value.help == "the run waits for manager (bob)"


def test_of_many_who_may_answer_some_are_named() -> None:
    many = [f"m{n:02}" for n in range(12)]
    here = roster(route("manager", *many), route("finance"))
    with pytest.raises(Refused) as caught:
        seat_for(asked(("manager", "finance")), here, "gus")
    assert caught.value.help == (
        f"the run waits for finance (nobody is left) and manager ({', '.join(many[:8])}, 4 more)"
    )


def test_a_route_that_is_not_asked_is_told() -> None:
    with pytest.raises(Refused, match="does not wait for `finance`") as caught:
        seat_for(asked(("manager",)), roster(route("manager", "ann")), "ann", "finance")
    assert (caught.value.code, caught.value.help) == (
        "not_eligible", "the run waits for manager (ann)",
    )  # fmt: skip


def test_a_stand_in_fills_the_place_of_who_gave_it() -> None:
    here = roster(route("manager", "ann"), stand_ins={"gus": "ann"})
    ask, behalf = seat_for(asked(("manager",)), here, "gus")
    assert behalf == "ann"
    taken = asked(("manager",), votes=(vote("gus", behalf="ann"),))
    assert open_asks(taken, here) == []
    assert is_satisfied(ask, taken.votes, here)


def test_a_place_that_a_stand_in_filled_is_taken() -> None:
    here = roster(route("manager", "ann", quorum=2), stand_ins={"gus": "ann"})
    round_ = asked(("manager",), quorum=2, votes=(vote("gus", behalf="ann"),))
    with pytest.raises(Refused) as caught:
        seat_for(round_, here, "ann")
    assert caught.value.code == "voted"


def test_nobody_answers_in_the_place_of_who_answered_for_another() -> None:
    """Gus answered in ann's place: nobody brings his word a second time."""
    here = roster(
        route("manager", "ann"),
        route("board", "gus", "bob"),
        stand_ins={"gus": "ann", "cat": "gus"},
    )
    round_ = asked(("manager", "board"), votes=(vote("gus", behalf="ann"),))
    with pytest.raises(Refused) as caught:
        seat_for(round_, here, "cat")
    assert caught.value.code == "not_eligible"


def test_a_delegation_is_not_passed_on() -> None:
    here = roster(route("manager", "ann"), stand_ins={"gus": "ann", "cat": "gus"})
    with pytest.raises(Refused) as caught:
        seat_for(asked(("manager",)), here, "cat")
    assert caught.value.code == "not_eligible"


def test_only_the_stage_that_is_asked_waits() -> None:
    here = roster(route("a", "ann"), route("b", "bob"))
    round_ = asked(("a",), ("b",))
    assert [ask.route for ask in open_asks(round_, here)] == ["a"]
    with pytest.raises(Refused):
        seat_for(round_, here, "bob")
