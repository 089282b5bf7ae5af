"""Every failpoint x every grade x both databases: `python -m tests.engine.runtime.kill matrix`.

A process ends at the failpoint while it proposes, answers, fires a timer, asks again, carries out a
run, or takes one back. Then others go on, and the ledger is compared with what the run says.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatewright.engine.runtime import failpoints
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from tests.engine.runtime.databases import any_server, fresh_schema
from tests.engine.runtime.kill.processes import start
from tests.engine.runtime.world import HOUR, World, refund

Do = Literal["propose", "approve", "work"]

_BEFORE = {
    "propose": "proposing",
    "answer": "answering",
    "timer": "a timer",
    "stale": "asking again",
}
_WORKING = ("claim", "execute", "result", "verify")
_TWICE = ("result.recorded:2", "result.committed:2")
"""An attempt has two results: that it was applied, and that it is as planned."""


@dataclass(frozen=True)
class Case:
    """Where a process ends, while it does what, with a ledger that promises so much."""

    failpoint: str
    what: str
    grade: Idempotency

    def __str__(self) -> str:
        return f"{self.failpoint} while {self.what}, {self.grade.value}"


def cases() -> Iterator[Case]:
    """Give all cases. What is told to notifiers has tests of its own."""
    for name in (*failpoints.NAMES, *_TWICE):
        kind = name.split(".")[0]
        for grade in Idempotency:
            if kind in _WORKING:
                yield Case(name, "carrying out", grade)
                yield Case(name, "taking back", grade)
            elif kind in _BEFORE:
                yield Case(name, _BEFORE[kind], grade)


def act(url: str, folder: str, grade: str, now: int, failpoint: str, do: Do, run: str) -> None:
    """Do one thing in this process, which ends at the failpoint."""
    os.environ["GATEWRIGHT_FAILPOINT"] = failpoint
    world = World(url, Path(folder), Idempotency(grade), now=now)
    with world.opened():
        if do == "propose":
            world.gate.propose(refund("75.00 USD", "ch_1", idempotency_key="k"))
        elif do == "approve":
            world.gate.approve(run, by="ann", card=world.gate.run(run).card)
        else:
            world.worker.drain()


def crash(world: World, case: Case, do: Do, run: Run | None = None) -> None:
    """Let a process do something and end at the failpoint; it must come by there."""
    process = start(
        act, world.url, str(world.folder), case.grade.value, world.now, case.failpoint, do,
        run.id if run else "",
    )  # fmt: skip
    process.join(120)
    assert process.exitcode == failpoints.EXIT_CODE, f"{case}: ended with {process.exitcode}"


def check(case: Case, world: World) -> None:
    """Crash, go on, compare."""
    match case.what:
        case "proposing":
            crash(world, case, "propose")
            run = world.propose(idempotency_key="k")
            assert [r.id for r in world.gate.queue()] == [run.id], case
            _done(case, world, world.work(world.approve(run)), 1)
        case "answering":
            run = world.propose()
            crash(world, case, "approve", run)
            kept = world.gate.run(run.id)
            _done(case, world, world.work(kept if kept.round.votes else world.approve(kept)), 1)
        case "a timer":
            run = world.propose()
            world.now += 4 * HOUR
            crash(world, case, "work")
            asked = world.work(run)
            _done(case, world, world.work(world.approve(asked, "fay")), 1)
        case "asking again":
            run = world.approve(world.propose())
            world.ledger.put("ch_1", refunded="1.00 USD")
            crash(world, case, "work")
            world.now += HOUR // 10
            asked = world.work(run)
            assert (asked.state, asked.round.number) == (State.PENDING, 2), case
            _done(case, world, world.work(world.approve(asked)), 1)
        case "carrying out":
            run = world.approve(world.propose())
            crash(world, case, "work")
            world.now += HOUR // 10
            _ended(case, world, world.work(run), 0)
        case _:
            parent = world.work(world.approve(world.propose()))
            run = world.approve(world.gate.compensate(parent.id, by="fay"))
            crash(world, case, "work")
            world.now += HOUR // 10
            child = world.work(run)
            _ended(case, world, child, 1)
            parent = world.gate.run(parent.id)
            wanted = State.COMPENSATED if child.state is State.DONE else State.COMPENSATING
            assert parent.state is wanted, f"{case}: the parent is {parent.state}"


def _done(case: Case, world: World, run: Run, effects: int) -> None:
    assert run.state is State.DONE, f"{case}: {run.state}"
    assert world.ledger.effects() == effects, case


def _ended(case: Case, world: World, run: Run, before: int) -> None:
    """Compare with what can be known: without a key nobody tells a call that was begun.

    Nor does a version where a write is taken back: somebody may have done that by hand.
    """
    open_ = case.failpoint == "execute.committed"
    called = case.failpoint in ("execute.called", "result.recorded")
    knows_nothing = case.grade is Idempotency.NONE and (open_ or called)
    if case.grade is Idempotency.COMPARE_AND_SET and case.what == "taking back":
        knows_nothing = called
    if knows_nothing or (case.grade is Idempotency.PROBE and open_):
        assert run.state is State.OUTCOME_UNKNOWN, f"{case}: {run.state}"
        assert world.ledger.effects() == before + called, case
    else:
        _done(case, world, run, before + 1)
    (only,) = {vote.person for round_ in run.rounds for vote in round_.votes}
    assert only == "ann", case
    assert len(run.attempts) == 1, case


def run_all(kind: str) -> tuple[int, list[str]]:
    """Run all cases on one kind of store; return how many there were and what went wrong."""
    wrong, count = list[str](), 0
    with ExitStack() as stack:
        server = stack.enter_context(any_server()) if kind == "postgres" else ""
        for case in cases():
            count += 1
            with ExitStack() as one:
                folder = Path(one.enter_context(tempfile.TemporaryDirectory()))
                url = f"sqlite:///{folder / 'gate.db'}"
                if server:
                    url = one.enter_context(fresh_schema(server))
                world = one.enter_context(World(url, folder, case.grade).opened())
                try:
                    check(case, world)
                except Exception as error:
                    wrong.append(f"{case}: {type(error).__name__}: {error}")
    return count, wrong
