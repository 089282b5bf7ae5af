"""Connectors that answer anything at all: no run of theirs ends the worker, or is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from gatewright.engine.action import Action
from gatewright.engine.runtime.errors import PreviewFailed
from gatewright.engine.runtime.ports import (
    Capabilities,
    Concurrency,
    Conflict,
    ConnectorError,
    FieldChange,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    TargetRef,
)
from gatewright.engine.runtime.run import Run, State
from tests.engine.runtime.world import HOUR, World


def deep(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = [value]
    return value


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path / 'gate.db'}", tmp_path).opened() as world:
        yield world


def after_all_claims(world: World, run: Run) -> Run:
    """Work on until the run is given up, and see that others were not kept from their turn."""
    other = world.propose("20.00 USD", "ch_5")
    for _ in range(12):
        world.worker.drain()
        found = world.gate.run(run.id)
        if found.is_final or found.state is State.OUTCOME_UNKNOWN:
            break
        world.now += HOUR
    assert world.gate.run(other.id).state is State.DONE
    return world.gate.run(run.id)


# --- what a write answers

_Changed = Callable[[Receipt], object]

RECEIPTS: dict[str, _Changed] = {
    "a number that is none": lambda r: replace(r, undo={"n": float("nan")}),
    "an endless number": lambda r: replace(r, undo={"n": float("inf")}),
    "bytes": lambda r: replace(r, undo=cast("Any", {"b": b"\xff"})),
    "a lone surrogate": lambda r: replace(r, reference="\ud800"),
    "too deep": lambda r: replace(r, undo={"d": deep(230)}),
    "far too deep": lambda r: replace(r, undo={"d": deep(5_000)}),
    "no mapping": lambda r: replace(r, undo=cast("Any", None)),
    "no target": lambda r: replace(r, target=cast("Any", None)),
    "another record": lambda r: replace(r, target=TargetRef("stripe", "charge", "ch_2")),
    "another key": lambda r: replace(r, key="run_x-1"),
    "a version that is no text": lambda r: replace(r, version=cast("Any", object())),
    "a class of its own": lambda r: _Odd(),
    "nothing": lambda r: None,
}


class _Odd:
    """Says that it is a receipt."""

    def __getattribute__(self, name: str) -> Any:
        return Receipt if name == "__class__" else super().__getattribute__(name)


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_that_is_none(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been done. Whether it was is found out by the key, or said to be unknown."""
    run = world.propose("20.00 USD", "ch_1")
    execute, probe = world.ledger.execute, world.ledger.probe

    def lies(action: Action, version: str | None, key: str) -> Any:
        receipt = execute(action, version, key)
        return RECEIPTS[name](receipt) if action.target and action.target.id == "ch_1" else receipt

    def probes(key: str) -> Probe:
        found = probe(key)
        if found.receipt is None or not key.startswith(run.id):
            return found
        return replace(found, receipt=cast("Any", RECEIPTS[name](found.receipt)))

    monkeypatch.setattr(world.ledger, "execute", lies)
    monkeypatch.setattr(world.ledger, "probe", probes)
    ended = after_all_claims(world, run)
    assert ended.state is State.OUTCOME_UNKNOWN
    assert world.ledger.effects("ch_1") == 1
    assert ended.attempt is not None
    assert ended.attempt.receipt is None


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_receipt_that_is_none_is_asked_for_again(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that answers well says what the call itself did not."""
    run = world.propose("20.00 USD", "ch_1")
    execute = world.ledger.execute

    def lies(action: Action, version: str | None, key: str) -> Any:
        receipt = execute(action, version, key)
        return RECEIPTS[name](receipt) if action.target and action.target.id == "ch_1" else receipt

    monkeypatch.setattr(world.ledger, "execute", lies)
    assert after_all_claims(world, run).state is State.DONE
    assert world.ledger.effects("ch_1") == 1


# --- what a call raises


class _Mute(ConnectorError):
    """Its class forgets to keep what it was told."""

    def __init__(self) -> None:
        Exception.__init__(self)


class _MuteConflict(Conflict):
    def __init__(self) -> None:
        Exception.__init__(self)


RAISED: dict[str, Callable[[], BaseException]] = {
    "the end of the process": lambda: SystemExit(1),
    "an interrupt": lambda: KeyboardInterrupt(),
    "a cancelled task": lambda: GeneratorExit(),
}
REFUSED: dict[str, Callable[[], BaseException]] = {
    "no message": _Mute,
    "no text": lambda: ConnectorError(cast("Any", b"\xff")),
    "a lone surrogate": lambda: ConnectorError("\ud800"),
    "a NUL": lambda: ConnectorError("\0"),
    "an object": lambda: ConnectorError(cast("Any", object())),
}


@pytest.mark.parametrize("method", ["preview", "execute", "read", "probe"])
@pytest.mark.parametrize("name", RAISED)
def test_what_ends_a_process_ends_no_worker(
    world: World, name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.propose("20.00 USD", "ch_1")
    real = getattr(world.ledger, method)

    def raises(*args: Any) -> Any:
        if run.id in str(args) or "ch_1" in str(args):
            raise RAISED[name]()
        return real(*args)

    monkeypatch.setattr(world.ledger, method, raises)
    ended = after_all_claims(world, run)
    assert ended.is_final or ended.state is State.OUTCOME_UNKNOWN
    assert world.ledger.effects("ch_1") <= 1


@pytest.mark.parametrize("name", RAISED)
def test_a_proposal_is_told_of_it(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(action: Action) -> Preview:
        raise RAISED[name]()

    monkeypatch.setattr(world.ledger, "preview", raises)
    with pytest.raises(PreviewFailed):
        world.propose("20.00 USD", "ch_1")


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_without_words(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.propose("20.00 USD", "ch_1")
    real = world.ledger.execute

    def refuses(action: Action, version: str | None, key: str) -> Receipt:
        if key.startswith(run.id):
            raise REFUSED[name]()
        return real(action, version, key)

    monkeypatch.setattr(world.ledger, "execute", refuses)
    assert after_all_claims(world, run).state is State.FAILED
    assert world.ledger.effects("ch_1") == 0


def test_a_conflict_without_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.propose("20.00 USD", "ch_1")
    real = world.ledger.execute

    def refuses(action: Action, version: str | None, key: str) -> Receipt:
        if key.startswith(run.id):
            raise _MuteConflict
        return real(action, version, key)

    monkeypatch.setattr(world.ledger, "execute", refuses)
    assert after_all_claims(world, run).state is State.FAILED
    assert world.ledger.effects("ch_1") == 0


def test_promises_that_cannot_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is promised."""
    run = world.propose("20.00 USD", "ch_1")

    def broken(ledger: object) -> Capabilities:
        raise RuntimeError("gone")

    world.ledger.faults.append("raises_after")
    monkeypatch.setattr(type(world.ledger), "capabilities", property(broken))
    assert after_all_claims(world, run).state is State.OUTCOME_UNKNOWN
    assert world.ledger.effects("ch_1") == 1


@pytest.mark.parametrize(
    ("passes", "state"),
    [
        (0, State.DONE),
        (-2 * HOUR, State.OUTCOME_UNKNOWN),
        (HOUR, State.OUTCOME_UNKNOWN),
        (HOUR - 1_000_000_000, State.OUTCOME_UNKNOWN),
    ],
    ids=["at once", "the clock jumps back", "too late", "as good as too late"],
)
def test_a_key_is_used_again_only_while_it_is_honoured(
    world: World, monkeypatch: pytest.MonkeyPatch, passes: int, state: State
) -> None:
    """What a system forgets after an hour it would do a second time."""
    run = world.propose("20.00 USD", "ch_1")
    real, calls = world.ledger.execute, list[str]()

    def breaks(action: Action, version: str | None, key: str) -> Receipt:
        receipt = real(action, version, key)
        calls.append(key)
        if len(calls) == 1:
            world.now += passes
            raise OSError("the answer was lost")
        return receipt

    monkeypatch.setattr(world.ledger, "execute", breaks)
    hourly = Capabilities(Concurrency.WEAK, Idempotency.NATIVE, key_window_s=3600)
    monkeypatch.setattr(type(world.ledger), "capabilities", property(lambda ledger: hourly))
    assert world.work(run).state is state
    assert len(calls) == (2 if state is State.DONE else 1)


# --- what a preview answers

PREVIEWS: dict[str, Callable[[Preview], object]] = {
    "no target": lambda p: replace(p, target=cast("Any", None)),
    "an id that is no text": lambda p: replace(
        p, target=TargetRef("stripe", "charge", cast("Any", 7))
    ),
    "another record": lambda p: replace(p, target=TargetRef("stripe", "charge", "ch_2")),
    "no field": lambda p: replace(p, fields=(cast("Any", None),)),
    "a field without a name": lambda p: replace(p, fields=(FieldChange(cast("Any", 3), 1, 2),)),
    "a field twice": lambda p: replace(p, fields=(*p.fields, FieldChange("status", "paid", "x"))),
    "a lone surrogate": lambda p: replace(p, fields=(FieldChange("status", "paid", "\ud800"),)),
    "a NUL in the id": lambda p: replace(p, target=TargetRef("stripe", "charge", "ch_1\0")),
    "a long id": lambda p: replace(p, target=TargetRef("stripe", "charge", "c" * 257)),
    "too deep": lambda p: replace(p, fields=(FieldChange("status", "paid", deep(230)),)),
    "far too deep": lambda p: replace(p, fields=(FieldChange("status", "paid", deep(5_000)),)),
    "a number that is none": lambda p: replace(p, attributes={"n": float("nan")}),
    "deep attributes": lambda p: replace(p, attributes={"n": deep(230)}),
    "bytes": lambda p: replace(p, attributes=cast("Any", {"n": b"1"})),
    "a version that is no text": lambda p: replace(p, version=cast("Any", 1)),
    "a summary that is no text": lambda p: replace(p, summary=cast("Any", ["x"])),
    "no summary": lambda p: replace(p, summary=cast("Any", None)),
    "an undo that is no text": lambda p: replace(p, undo=cast("Any", {"x": 1})),
    "nothing": lambda p: None,
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_that_is_none(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = world.ledger.preview

    def lies(action: Action) -> object:
        return PREVIEWS[name](real(action))

    monkeypatch.setattr(world.ledger, "preview", lies)
    with pytest.raises(PreviewFailed):
        world.propose("20.00 USD", "ch_1")
    assert world.worker.drain() == 0


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_that_becomes_none(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.propose("20.00 USD", "ch_1")
    real = world.ledger.preview

    def lies(action: Action) -> Any:
        return PREVIEWS[name](real(action)) if "ch_1" in str(action.target) else real(action)

    monkeypatch.setattr(world.ledger, "preview", lies)
    assert after_all_claims(world, run).state is State.FAILED
    assert world.ledger.effects("ch_1") + world.ledger.effects("ch_2") == 0
