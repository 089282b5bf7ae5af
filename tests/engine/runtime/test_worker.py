"""A worker goes on whatever one run, its connector or its people do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gatewright.engine.action import Action
from gatewright.engine.runtime.attempts import MAX_CLAIMS
from gatewright.engine.runtime.carrying import MAX_ROUNDS
from gatewright.engine.runtime.errors import PreviewFailed
from gatewright.engine.runtime.ports import ConnectorError, Idempotency, Preview, Receipt
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.worker import Worker
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.world import HOUR, World

MINUTE = HOUR // 60


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path, Idempotency.NONE).opened() as world:
        yield world


def during_the_write(world: World, monkeypatch: pytest.MonkeyPatch, do: Any) -> None:
    write = Ledger.execute

    def busy(self: Ledger, action: Action, version: str | None, key: str) -> Receipt:
        do()
        return write(self, action, version, key)

    monkeypatch.setattr(Ledger, "execute", busy)


def test_a_comment_during_the_write_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is kept, and no other worker takes the run from the one that is at it."""
    run = world.approve(world.propose())
    other = Worker(world.gate, name="w2", lease_s=60, call_timeout_s=5)
    taken: list[bool] = []

    def speak() -> None:
        world.gate.comment(run.id, by="bob", text="is it done?")
        taken.append(other.step())

    during_the_write(world, monkeypatch, speak)
    ended = world.work(run)
    assert taken == [False]
    assert (ended.state, len(ended.attempts)) == (State.DONE, 1)
    assert world.ledger.effects() == 1


def test_a_comment_before_the_write_does_not_send_the_worker_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.approve(world.propose())
    preview = Ledger.preview

    def speak(self: Ledger, action: Action) -> Preview:
        world.gate.comment(run.id, by="bob", text="soon?")
        return preview(self, action)

    monkeypatch.setattr(Ledger, "preview", speak)
    assert world.work(run).state is State.DONE


def test_a_run_that_is_cancelled_before_the_write_is_not_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.approve(world.propose())
    preview = Ledger.preview

    def cancel(self: Ledger, action: Action) -> Preview:
        world.gate.cancel(run.id, by="ann")
        return preview(self, action)

    monkeypatch.setattr(Ledger, "preview", cancel)
    assert world.work(run).state is State.CANCELLED
    assert world.ledger.effects() == 0


NOT_JSON: Mapping[str, Any] = {"status": object()}


@pytest.mark.parametrize("answer", ["none", "no JSON"])
def test_a_connector_that_answers_nonsense_stops_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    bad, good = world.approve(world.propose()), world.approve(world.propose(charge="ch_2"))
    preview = Ledger.preview

    def nonsense(self: Ledger, action: Action) -> Preview:
        found = preview(self, action)
        if action.target is None or action.target.id != "ch_1":
            return found
        return replace(found, attributes=NOT_JSON) if answer == "no JSON" else None  # type: ignore[return-value]

    monkeypatch.setattr(Ledger, "preview", nonsense)
    for _ in range(MAX_CLAIMS + 1):
        world.worker.drain()
        world.now += HOUR
    assert world.gate.run(good.id).state is State.DONE
    failed = world.gate.run(bad.id)
    assert failed.state is State.FAILED
    assert "\n" not in (failed.note or "\n")
    with pytest.raises(PreviewFailed):
        world.propose("76.00 USD")


def test_policies_that_cannot_be_read_stop_nobody(world: World) -> None:
    run, policy = world.approve(world.propose()), world.policy
    world.policy = None  # type: ignore[assignment]
    world.worker.drain()
    world.policy = policy
    world.now += 2 * MINUTE
    assert world.work(run).state is State.DONE


def test_a_record_that_never_holds_still_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking at it changes it, and the refund needs nobody: it is not tried for ever."""
    run = world.propose("20.00 USD")
    preview = Ledger.preview

    def restless(self: Ledger, action: Action) -> Preview:
        self.put("ch_1")
        return preview(self, action)

    monkeypatch.setattr(Ledger, "preview", restless)
    ended = world.work(run)
    assert (ended.state, len(ended.rounds)) == (State.FAILED, MAX_ROUNDS)
    assert world.ledger.effects() == 0


def test_what_another_run_wrote_is_not_taken_for_ones_own(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call never arrived, and meanwhile another run set the same fields to the same values."""
    with World(database_url, tmp_path, Idempotency.COMPARE_AND_SET).opened() as world:
        run, other = world.approve(world.propose()), world.approve(world.propose())
        write = Ledger.execute

        def lost(self: Ledger, action: Action, version: str | None, key: str) -> Receipt:
            monkeypatch.setattr(Ledger, "execute", write)
            Worker(world.gate, name="w2", lease_s=60, call_timeout_s=5).step()
            raise OSError("the network is gone")

        monkeypatch.setattr(Ledger, "execute", lost)
        world.worker.drain()
        states = {world.gate.run(one.id).state for one in (run, other)}
        assert states == {State.OUTCOME_UNKNOWN, State.DONE}
        assert world.ledger.effects() == 1


# --- what is told of runs


def telling(world: World, told: list[tuple[str, State, str | None]]) -> Worker:
    return Worker(
        world.gate, name="w1", lease_s=60, call_timeout_s=5,
        tell_run=lambda run, why: told.append((run.id, run.state, why)),
    )  # fmt: skip


def test_each_run_is_told_when_there_is_nothing_to_do_with_it(world: World) -> None:
    told: list[tuple[str, State, str | None]] = []
    worker = telling(world, told)
    first, waits = world.propose("20.00 USD"), world.propose(charge="ch_2")
    worker.drain()
    assert told == [(first.id, State.DONE, None)]
    world.approve(waits)
    world.ledger.put("ch_2")  # another version
    worker.drain()
    why = "decided again, since the record was changed since the preview"
    assert told[1:] == [(waits.id, State.PENDING, why)]


def test_what_a_timeout_does_is_told(world: World) -> None:
    told: list[tuple[str, State, str | None]] = []
    worker = telling(world, told)
    run = world.propose()
    world.now += 2 * HOUR
    worker.drain()
    assert told == []  # people were reminded
    world.now += 2 * HOUR
    worker.drain()
    world.now += 24 * HOUR
    worker.drain()
    assert told == [
        (run.id, State.PENDING, "asked after a timeout: finance"),
        (run.id, State.EXPIRED, "`finance` did not answer in time"),
    ]


def test_what_has_to_be_tried_later_is_told_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, State, str | None]] = []
    worker = telling(world, told)
    run = world.propose("20.00 USD")

    def away(self: Ledger, action: Action) -> Preview:
        raise OSError("the network is down")

    monkeypatch.setattr(Ledger, "preview", away)
    for _ in range(MAX_CLAIMS):
        worker.drain()
        world.now += HOUR
    states = [(id_, state) for id_, state, _ in told]
    assert states == [(run.id, State.AUTO)] * (MAX_CLAIMS - 1) + [(run.id, State.FAILED)]
    assert {str(why).partition(": ")[0] for *_, why in told[:-1]} == {"to be tried again"}
    assert told[-1][2] == world.gate.run(run.id).note


def test_who_cannot_be_told_keeps_no_run_from_being_done(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(run: Run, why: str | None) -> None:
        raise OSError(run.id)

    first, second = world.propose("20.00 USD"), world.propose("20.00 USD", "ch_2")
    worker = Worker(world.gate, lease_s=60, call_timeout_s=5, tell_run=broken)
    worker.drain()
    assert {world.gate.run(run.id).state for run in (first, second)} == {State.DONE}
    assert caplog.text.count("could not be told") == 2


def test_why_a_run_is_not_carried_out_yet_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(self: Ledger, action: Action) -> Preview:
        raise ConnectorError("the bank is closed\x1b[2K")

    run = world.approve(world.propose())
    monkeypatch.setattr(Ledger, "preview", away)
    world.worker.drain()
    told = "nobody can see what would change: the bank is closed\\x1b[2K"
    assert caplog.messages == [f"run {run.id} is looked at again later: {told}"]


def test_each_round_has_claims_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector was away for long; what people try again is not given up at the first look."""
    preview = Ledger.preview

    def away(self: Ledger, action: Action) -> Preview:
        raise OSError("the network is gone")

    run = world.approve(world.propose())
    monkeypatch.setattr(Ledger, "preview", away)
    for _ in range(MAX_CLAIMS):
        world.worker.drain()
        world.now += HOUR
    assert world.gate.run(run.id).state is State.FAILED
    for claims in range(1, MAX_CLAIMS + 1):
        if claims == 1:
            monkeypatch.setattr(Ledger, "preview", preview)
            run = world.approve(world.gate.retry(run.id, by="oli"))
            monkeypatch.setattr(Ledger, "preview", away)
        world.worker.drain()
        wanted = State.FAILED if claims == MAX_CLAIMS else State.APPROVED
        assert world.gate.run(run.id).state is wanted, claims
        world.now += HOUR


def test_a_system_that_is_away_is_looked_at_ever_less_often(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night of it ends no approved run, and a run that waits keeps no other waiting."""
    looked: list[int] = []

    def away(self: Ledger, action: Action) -> Preview:
        looked.append(world.now)
        raise ConnectorError("the bank is closed")

    run = world.approve(world.propose())
    preview = Ledger.preview
    monkeypatch.setattr(Ledger, "preview", away)
    began = world.now
    while world.now < began + 3 * HOUR:
        world.worker.drain()
        world.now += MINUTE // 2
    minutes = [(at - began) // MINUTE for at in looked]
    assert minutes == [0, 1, 3, 7, 15, 31, 63, 123]
    assert world.gate.run(run.id).state is State.APPROVED
    monkeypatch.setattr(Ledger, "preview", preview)
    world.now += HOUR
    world.worker.drain()
    assert world.gate.run(run.id).state is State.DONE
    assert world.ledger.effects() == 1


def test_a_record_that_is_gone_fails_a_run_at_once(world: World) -> None:
    run = world.approve(world.propose())
    world.ledger.remove("ch_1")
    world.worker.drain()
    failed = world.gate.run(run.id)
    assert (failed.state, failed.fence) == (State.FAILED, 1)
    assert failed.note is not None and "there is no charge `ch_1`" in failed.note


def test_a_row_that_somebody_edited_keeps_no_other_waiting(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It says that it is approved; the run in it waits for people."""
    waits, good = world.propose(), world.propose("20.00 USD", "ch_2")
    with world.gate.desk.database.transaction() as connection:
        edited = update(t.runs).where(t.runs.c.id == waits.id)
        connection.execute(edited.values(state="approved", ready_at=1))
    world.worker.drain()
    assert world.gate.run(good.id).state is State.DONE
    assert world.gate.run(waits.id).state is State.PENDING
    assert world.ledger.effects() == 1
    assert caplog.messages == [
        f"run {waits.id}: its row says that it may be carried out, its text does not"
    ]
