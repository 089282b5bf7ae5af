"""Twelve contestants at one instant, as threads and in four processes, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import select

from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import schema as t
from tests.engine.runtime.racing import (
    CONTESTANTS,
    Job,
    Place,
    Race,
    Team,
    asking,
    by_threads,
    team,
)
from tests.engine.runtime.world import BEGIN, HOUR, World

HALF = CONTESTANTS // 2


@pytest.fixture(scope="module")
def processes() -> Generator[Team]:
    with team() as made:
        yield made


@pytest.fixture(params=["threads", "processes"])
def race(request: pytest.FixtureRequest) -> Race:
    if request.param == "threads":
        return by_threads
    return request.getfixturevalue("processes").race  # type: ignore[no-any-return]


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    return Place(database_url, tmp_path)


@pytest.fixture
def world(place: Place) -> Generator[World]:
    """The one who prepares a race and looks at its end: then everything must agree."""
    with place.world(BEGIN).opened() as world:
        yield world
        sequence(world.gate.desk.database)
        with world.gate.desk.database.reading() as connection:
            report = verify(connection)
            rows = connection.execute(select(t.events.c.id, t.events.c.status))
            events = {row.id: row.status for row in rows}
            leaves = Counter(connection.scalars(select(t.leaves.c.run)))
        assert report.findings == ()
        assert report.size == sum(leaves.values())
        for run in map(world.gate.run, events):
            assert events[run.id] == run.state.status
            for round_ in run.rounds:
                assert all(vote.card == round_.card for vote in round_.votes)


def offered(world: World, way: str, charge: str = "ch_1", amount: int = 10) -> Run:
    return world.gate.propose(asking(way, amount, charge))


def jobs(do: str, count: int = CONTESTANTS, now: int = BEGIN, **told: object) -> list[Job]:
    return [Job(do, now, told)] * count


def mixed(one: list[Job], other: list[Job]) -> list[Job]:
    """Put two kinds of contestants into one race, in turns."""
    return [job for pair in zip(one, other, strict=True) for job in pair]


def test_for_the_last_place(world: World, place: Place, race: Race) -> None:
    run = world.approve(offered(world, "pair"), "p0")
    words = race(
        place,
        [
            Job("approve", BEGIN, {"run": run.id, "by": f"p{n + 1}", "card": run.card})
            for n in range(CONTESTANTS)
        ],
    )
    assert Counter(words) == {"approved": 1, "wrong_state": CONTESTANTS - 1}
    assert len(world.gate.run(run.id).round.votes) == 2
    assert world.work(run).state is State.DONE
    assert world.ledger.effects() == 1


def test_one_person_many_times(world: World, place: Place, race: Race) -> None:
    run = offered(world, "pair")
    words = race(place, jobs("approve", run=run.id, by="p1", card=run.card))
    assert Counter(words) == {"pending": 1, "voted": CONTESTANTS - 1}
    assert len(world.gate.run(run.id).round.votes) == 1


def test_a_vote_or_the_timeout_counts_never_both(world: World, place: Place, race: Race) -> None:
    """By the clocks of the voters it is just in time, by those of the workers just over."""
    run = offered(world, "finance")
    end = BEGIN + 24 * HOUR
    words = race(
        place,
        mixed(
            jobs("approve", HALF, end - 1, run=run.id, by="fay", card=run.card),
            jobs("work", HALF, end),
        ),
    )
    ended = world.gate.run(run.id)
    assert ended.state in (State.DONE, State.APPROVED, State.EXPIRED)
    assert words.count("approved") == len(ended.round.votes) == (ended.state is not State.EXPIRED)
    assert world.ledger.effects() == (ended.state is State.DONE)


def test_a_run_is_cancelled_or_carried_out_never_both(
    world: World, place: Place, race: Race
) -> None:
    run = world.approve(offered(world, "manager"))
    words = race(place, mixed(jobs("cancel", HALF, run=run.id, by="bob"), jobs("work", HALF)))
    ended = world.gate.run(run.id)
    assert ended.state in (State.CANCELLED, State.DONE)
    assert words.count("cancelled") == (ended.state is State.CANCELLED)
    assert world.ledger.effects() == (ended.state is State.DONE)


def test_who_approves_while_others_revise_approves_what_was_seen(
    world: World, place: Place, race: Race
) -> None:
    """Who approved ten dollars never let eleven through."""
    run = offered(world, "manager")
    words = race(
        place,
        mixed(
            jobs("approve", HALF, run=run.id, by="ann", card=run.card),
            jobs("revise", HALF, run=run.id, by="bot", way="manager", amount=11, charge="ch_1"),
        ),
    )
    ended = world.work(run)
    assert "approved" in words or "pending" in words
    if "approved" in words:
        assert (ended.state, len(ended.rounds)) == (State.DONE, 1)
        assert world.ledger.fields("ch_1")["refunded"] == "10.00 USD"
    else:
        assert (ended.state, ended.round.votes) == (State.PENDING, ())
        assert world.ledger.effects() == 0


def test_workers_on_one_run(world: World, place: Place, race: Race) -> None:
    run = world.approve(offered(world, "manager"))
    race(place, jobs("work"))
    ended = world.gate.run(run.id)
    assert (ended.state, len(ended.attempts)) == (State.DONE, 1)
    assert world.ledger.effects() == 1


def test_workers_on_several_runs(world: World, place: Place, race: Race) -> None:
    runs = [world.approve(offered(world, "manager", f"ch_{n}")) for n in range(1, 6)]
    race(place, jobs("work"))
    for run in runs:
        assert world.work(run).state is State.DONE
        assert world.ledger.effects(run.round.preview["target"]["id"]) == 1


def test_proposals_under_a_limit(world: World, place: Place, race: Race) -> None:
    """100 dollars a day and customer: of twelve times thirty, three run by themselves."""
    told = [{"way": "auto", "amount": 30, "charge": f"ch_{n % 5 + 1}"} for n in range(CONTESTANTS)]
    words = race(place, [Job("propose", BEGIN, one) for one in told])
    assert Counter(word.split()[0] for word in words) == {"auto": 3, "pending": CONTESTANTS - 3}


def test_nobody_starves_under_a_limit(world: World, place: Place, race: Race) -> None:
    """Of three times twelve, one heat after the other, each is decided and sees all before it."""
    words: list[str] = []
    for heat in range(3):
        told = {"way": "auto", "amount": 3, "charge": f"ch_{heat + 1}"}
        words += race(place, [Job("propose", BEGIN, told)] * CONTESTANTS)
    assert Counter(word.split()[0] for word in words) == {"auto": 33, "pending": 3}


def test_proposals_and_workers_under_a_limit(world: World, place: Place, race: Race) -> None:
    """Being carried out at the same time lets no more through, nor keeps anything back."""
    told = [{"way": "auto", "amount": 30, "charge": f"ch_{n + 1}"} for n in range(HALF)]
    world.ledger.make(f"ch_{HALF}")  # each has a record of its own: none is stale
    race(place, mixed([Job("propose", BEGIN, one) for one in told], jobs("work", HALF)))
    world.worker.drain()
    assert world.ledger.effects() == 3


def test_one_proposal_many_times(world: World, place: Place, race: Race) -> None:
    words = race(
        place, jobs("propose", way="manager", amount=10, charge="ch_1", idempotency_key="k")
    )
    assert len(set(words)) == 1
    assert len(world.gate.queue()) == 1


def test_approving_many_at_once(world: World, place: Place, race: Race) -> None:
    runs = [offered(world, "manager", f"ch_{n}") for n in range(1, 5)]
    words = race(place, jobs("approve_all", cards={run.id: run.card for run in runs}, by="ann"))
    assert Counter(" ".join(words).split()) == {"approved": 4, "wrong_state": 4 * CONTESTANTS - 4}
    assert all(len(world.gate.run(run.id).round.votes) == 1 for run in runs)


def test_taking_back_many_times(world: World, place: Place, race: Race) -> None:
    run = world.work(world.approve(offered(world, "manager")))
    words = race(place, jobs("compensate", run=run.id, by="bob"))
    assert Counter(words) == {"pending": 1, "compensating": CONTESTANTS - 1}


def test_the_trail_while_it_grows(world: World, place: Place, race: Race) -> None:
    """Sequencers and writers at once: one tree, without a gap."""
    proposals = jobs("propose", HALF, way="finance", amount=10, charge="ch_1")
    words = race(place, mixed(jobs("sequence", HALF), proposals))
    assert words.count("sequenced") == HALF
    assert len(world.gate.queue()) == HALF
