"""What a run was about is erased everywhere, while the trail holds and limits do not open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gatewright.engine.load import load_source
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.deriving import derive
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.standing import run_document, run_text
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from tests.conftest import ROOT
from tests.engine.runtime.world import HOUR, World, refund

REFUNDS = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")
DAY = 24 * HOUR
LATER = 31 * DAY
"""Longer than any window of the policy."""
JANE = "Jane-D0e"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


def about_jane(charge: str = "ch_1", amount: str = "75.00 USD", **more: object) -> dict[str, Any]:
    return refund(
        amount, charge, params={"customer": JANE, "amount": amount},
        context={"reasoning": f"{JANE} asked.", "evidence": [f"mail of {JANE}"]},
        idempotency_key=f"for {JANE}", **more,
    )  # fmt: skip


def everywhere(world: World) -> dict[str, int]:
    """Return where Jane is still named: how often by table, and in the file of the store."""
    found: dict[str, int] = {}
    with world.gate.desk.database.reading() as connection:
        for table in t.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                named = sum(JANE in str(cell) for cell in row)
                if named:
                    found[table.name] = found.get(table.name, 0) + named
    if world.url.startswith("sqlite"):
        world.gate.desk.database.close()
        for path in Path(world.url.removeprefix("sqlite:///")).parent.glob("gate.db*"):
            named = path.read_bytes().count(JANE.encode())
            if named:
                found[path.name] = named
    return found


def erase(world: World, run: Run, **more: Any) -> Any:
    return world.gate.erase(run.id, by="ann", because="Request 17", **more)


def report(world: World) -> Report:
    sequence(world.gate.desk.database)
    with world.gate.desk.database.reading() as connection:
        return verify(connection)


def told(world: World, run: Run) -> tuple[str, str]:
    """Return a run as JSON and as text."""
    run, trail = world.gate.run(run.id), world.gate.trail(run.id)
    waiting = world.gate.waits_for(run)
    return json.dumps(run_document(run, waiting, trail)), run_text(run, waiting, trail)


def a_long_story(world: World) -> Run:
    """Everything that people and systems can say of Jane in one run, and in one that undoes it."""
    world.ledger.put("ch_1", refunded=f"0 for {JANE}")
    run = world.gate.propose(about_jane(), requester="oli")
    world.gate.comment(run.id, by="bob", text=f"I know {JANE}.")
    world.gate.request_changes(run.id, by="ann", note=f"Ask {JANE}.")
    run = world.gate.revise(run.id, about_jane(amount="76.00 USD"), by="refund-bot")
    world.gate.approve(run.id, by="ann", card=run.card, note=f"{JANE} is right.")
    world.ledger.faults = ["refuses"]
    run = world.gate.retry(world.work(run).id, by="ann")
    run = world.work(world.gate.approve(run.id, by="ann", card=run.card, note=f"{JANE}, again"))
    assert run.state is State.DONE
    back = world.gate.compensate(run.id, by="bob", note=f"{JANE} lied.")
    world.gate.take_over(back.id, by="ann", note=f"I call {JANE}.")
    world.gate.complete_manually(back.id, by="ann", record={"who": JANE}, note=f"Called {JANE}.")
    world.worker.drain()
    return world.gate.run(run.id)


def test_nothing_is_left_of_her_and_the_trail_holds(world: World) -> None:
    run = a_long_story(world)
    before = everywhere(world)
    assert before.keys() >= {"runs", "payloads", "decisions", "events", "outbox"}
    assert "leaves" not in before
    world.now += LATER
    erased = erase(world, run)
    assert (len(erased.runs), erased.decisions, erased.counted) == (2, 4, False)
    assert everywhere(world) == {}
    found = report(world)
    assert (found.findings, found.erased) == ((), erased.payloads + erased.decisions)


def test_who_did_what_when_stays(world: World) -> None:
    run = a_long_story(world)
    before = world.gate.trail(run.id)
    assert any(rule["conditions"] for rule in json.loads(told(world, run)[0])["rules"])
    world.now += LATER
    erase(world, run)
    after = world.gate.trail(run.id)
    parts = ("kind", "at", "actor")
    assert [[one[p] for p in parts] for one in after[:-1]] == [
        [o[p] for p in parts] for o in before
    ]
    assert after[-1]["actor"] == {"kind": "person", "id": "ann"}
    assert (after[-1]["kind"], after[-1]["body"]["because"]) == ("erased", "Request 17")
    left = world.gate.run(run.id)
    assert (left.state, left.erased_at) == (State.COMPENSATED, world.now)
    assert [vote.person for vote in left.round.votes] == ["ann"]
    assert [attempt.outcome for attempt in left.attempts] == ["not_applied", "applied"]
    document, shown = told(world, run)
    assert JANE not in document
    assert not any(rule["conditions"] for rule in json.loads(document)["rules"])
    assert "ann approved as manager" in shown
    assert "what it was about is not known any more" in shown
    assert "(erased)" in shown
    with world.gate.desk.database.reading() as connection:
        derived = derive(connection, run.id)
    assert [one.outcome for one in derived] == ["erased"] * 3
    assert [one.effect for one in derived] == ["require_approval"] * 3


def test_whoever_is_named_of_the_family_all_of_it_is_erased(world: World) -> None:
    run = a_long_story(world)
    world.now += LATER
    assert erase(world, world.gate.run(run.compensation or "")).runs[0] == run.id
    assert everywhere(world) == {}


@pytest.mark.parametrize("state", ["pending", "auto", "taken_over", "outcome_unknown"])
def test_a_run_that_has_not_ended_is_not_erased(world: World, state: str) -> None:
    run = world.gate.propose(about_jane(amount="20.00 USD" if state == "auto" else "75.00 USD"))
    if state == "taken_over":
        world.gate.take_over(run.id, by="ann")
    elif state == "outcome_unknown":
        world.ledger.grade = Idempotency.PROBE
        world.ledger.faults = ["raises_before"]
        world.work(world.approve(run))
    assert world.gate.run(run.id).state == state
    world.now += LATER
    with pytest.raises(Refused) as caught:
        erase(world, run)
    assert caught.value.code == "not_ended"
    assert everywhere(world).keys() >= {"runs", "payloads"}


@pytest.mark.parametrize(
    ("by", "because", "code"), [("eve", "why", "unknown_person"), ("ann", " ", "no_reason")]
)
def test_who_and_why_are_known(world: World, by: str, because: str, code: str) -> None:
    run = world.gate.reject(world.gate.propose(about_jane()).id, by="ann", note="no")
    world.now += LATER
    with pytest.raises(Refused) as caught:
        world.gate.erase(run.id, by=by, because=because)
    assert caught.value.code == code


def test_what_is_said_afterwards_can_be_erased_too(world: World) -> None:
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    world.now += LATER
    erase(world, run)
    world.gate.comment(run.id, by="bob", text=f"Was that {JANE}?")
    assert everywhere(world) != {}
    assert erase(world, run).payloads == 1
    assert everywhere(world) == {}
    assert report(world).is_good


def test_what_limits_have_of_it_stays_when_somebody_speaks(world: World) -> None:
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    erase(world, run, counted=True)
    world.gate.comment(run.id, by="bob", text="gone?")
    assert report(world).is_good
    assert world.propose("20.00 USD", "ch_2").state is not State.AUTO  # the limit errs still
    world.now += LATER
    erase(world, run)
    world.gate.comment(run.id, by="bob", text="gone.")
    with world.gate.desk.database.reading() as connection:
        assert run.id not in connection.scalars(select(t.events.c.id)).all()
    assert report(world).is_good


# --- limits


def test_a_run_that_counts_is_not_erased_silently(world: World) -> None:
    """The second refund within 30 days needs a manager; erasing the first must not change that."""
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    with pytest.raises(Refused) as caught:
        erase(world, run)
    assert caught.value.code == "still_counts"
    assert erase(world, run, counted=True).counted
    assert everywhere(world) == {}
    second = world.gate.propose(refund("20.00 USD", "ch_2", params={
        "customer": JANE, "amount": "20.00 USD"}))  # fmt: skip
    assert second.state is not State.AUTO
    world.gate.cancel(second.id, by="oli")
    world.now += LATER
    assert not erase(world, run).counted
    with world.gate.desk.database.reading() as connection:
        left = connection.scalars(select(t.events.c.id).where(t.events.c.id == run.id)).all()
    assert left == []
    assert report(world).is_good


def test_policies_that_look_back_for_ever_need_a_word(world: World) -> None:
    world.policy = load_source(
        REFUNDS
        + "guard ever on billing.refund\n"
        + "  when refunds.last(customer: action.customer).at > now - 1h => block\n"
    )
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    world.now += 1000 * DAY
    with pytest.raises(Refused) as caught:
        erase(world, run)
    assert "of any age" in caught.value.message
    assert erase(world, run, counted=True).counted


def test_decisions_that_read_it_are_erased_with_it(world: World) -> None:
    world.policy = load_source(
        REFUNDS
        + "guard soon on billing.refund\n"
        + "  when refunds.last(agent: agent.id, within: 2h).at > now - 1h => require manager\n"
    )
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    world.now += HOUR
    other = world.propose("20.00 USD", "ch_2")
    with world.gate.desk.database.reading() as connection:
        bodies = connection.scalars(
            select(t.decisions.c.body).where(t.decisions.c.run == other.id)
        ).all()
    assert any(JANE in body for body in bodies)
    world.now += LATER
    if not world.gate.run(other.id).is_final:
        with pytest.raises(Refused) as caught:
            erase(world, run)
        assert caught.value.code == "not_ended"
        world.gate.cancel(other.id, by="oli")
    erase(world, run)
    assert everywhere(world) == {}
    assert report(world).is_good
    with world.gate.desk.database.reading() as connection:
        assert [one.outcome for one in derive(connection, other.id)] == ["erased"]


def test_what_was_erased_is_not_done_twice(world: World) -> None:
    """The agent sends its proposal once more, by the same key."""
    again = about_jane(amount="20.00 USD")
    run = world.work(world.gate.propose(again))
    assert world.gate.propose(again).id == run.id
    world.now += LATER
    erase(world, run)
    with pytest.raises(Refused) as caught:
        world.gate.propose(again)
    assert caught.value.code == "erased"
    for do in (world.gate.compensate, world.gate.retry):
        with pytest.raises(GateError):
            do(run.id, by="ann")
    assert world.ledger.effects() == 1


def test_a_record_that_is_being_written_is_waited_for(world: World) -> None:
    run = world.work(world.gate.propose(about_jane(amount="20.00 USD")))
    other = world.approve(world.propose("75.00 USD", "ch_1"))
    world.now += LATER
    with world.gate.desk.database.transaction() as connection:
        connection.execute(update(t.runs).where(t.runs.c.id == other.id).values(state="executing"))
    with pytest.raises(Refused) as caught:
        erase(world, run)
    assert caught.value.code == "in_use"


# --- erased by nobody


@pytest.mark.parametrize("what", ["payload", "decision"])
def test_what_nobody_erased_is_found(world: World, what: str) -> None:
    run = world.gate.reject(world.gate.propose(about_jane()).id, by="ann", note="no")
    with world.gate.desk.database.transaction() as connection:
        if what == "payload":
            assert len(payloads.erase(connection, run.id, world.now)) == 2
        else:
            connection.execute(update(t.decisions).values(erased_at=world.now))
    findings = report(world).findings
    assert {finding.kind for finding in findings} == {"payload"}
    assert len(findings) == (2 if what == "payload" else 1)
    with world.gate.desk.database.reading() as connection:
        (one,) = derive(connection, run.id)
    assert one.outcome == ("impossible" if what == "payload" else "different")


def test_branches_are_named(world: World) -> None:
    run = world.gate.propose(about_jane())
    branch = world.gate.branch(run.id, about_jane(amount="60.00 USD") | {"idempotency_key": "b"},
                               by="oli")  # fmt: skip
    world.now += LATER
    assert erase(world, run).related == (branch.id,)
    world.gate.cancel(branch.id, by="oli")
    assert erase(world, branch).related == (run.id,)
    assert everywhere(world) == {}
