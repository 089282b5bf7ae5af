"""What is refused says what can be done instead, and a run says who did what by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.standing import run_text
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/gate.db"
    with World(url, tmp_path, Idempotency.NONE).opened() as world:
        yield world


def unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run of unknown outcome."""

    def lost(*_: object) -> None:
        raise OSError

    run = world.propose()
    world.approve(run)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "execute", lost)
        run = world.work(run)
    assert run.state is State.OUTCOME_UNKNOWN
    return run


def test_a_run_of_unknown_outcome_is_completed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = unknown(world, monkeypatch)
    advice = "find out whether it was done, and write it down by completing the run by hand"
    with pytest.raises(Refused, match="is outcome unknown: ") as caught:
        world.gate.retry(run.id, by="ann")
    assert (caught.value.code, caught.value.help) == ("wrong_state", advice)
    with pytest.raises(Refused, match="nobody knows whether") as caught:
        world.gate.compensate(run.id, by="ann")
    assert (caught.value.code, caught.value.help) == ("nothing_done", advice)


def test_what_was_taken_back_is_not_taken_back_again(world: World) -> None:
    run = world.propose()
    world.approve(run)
    world.work(run)
    back = world.gate.compensate(run.id, by="ann")
    world.approve(back, "bob")
    assert world.work(run).state is State.COMPENSATED
    with pytest.raises(Refused, match="was taken back already") as caught:
        world.gate.compensate(run.id, by="ann")
    assert (caught.value.code, caught.value.help) == ("compensating", f"look at {back.id}")


def test_who_wrote_a_record_down_stays_who_did(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = unknown(world, monkeypatch)
    world.gate.complete_manually(run.id, by="ann", executed=False, record={"asked": "the bank"})
    for later in (world.gate.retry(run.id, by="ann"), world.gate.cancel(run.id, by="bob")):
        text = run_text(later, (), world.gate.trail(run.id))
        assert '\nhand  ann wrote down: {"asked": "the bank"}\n' in text


def test_nothing_that_was_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = unknown(world, monkeypatch)
    run = world.gate.complete_manually(run.id, by="bob", executed=True)
    assert "\nhand  bob wrote nothing down\n" in run_text(run, (), world.gate.trail(run.id))
