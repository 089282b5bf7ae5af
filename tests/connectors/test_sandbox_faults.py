"""Every fault at every grade, through a real gate and worker: how the run ends, and what happened.

A grade that keeps something from happening twice has one effect, whatever goes wrong; one that does
not leaves the run to a person rather than try again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatewright.connectors.systems.sandbox import Fault, FaultKind, Waiting
from gatewright.engine.runtime.ports import Capabilities, Concurrency, Idempotency
from gatewright.engine.runtime.run import State
from tests.connectors.sandbox_office import MINUTE, Office

GRADES = {
    "keys": Capabilities(Concurrency.ATOMIC, Idempotency.NATIVE, None, True, True),
    "keys-unasked": Capabilities(Concurrency.NONE, Idempotency.NATIVE, can_compensate=True),
    "versions": Capabilities(Concurrency.ATOMIC, Idempotency.COMPARE_AND_SET, can_compensate=True),
    "probe": Capabilities(Concurrency.WEAK, Idempotency.PROBE, None, True, True),
    "probe-alone": Capabilities(Concurrency.NONE, Idempotency.PROBE, None, True, True),
    "none": Capabilities(Concurrency.NONE, Idempotency.NONE),
}
DONE, FAILED, UNKNOWN = State.DONE, State.FAILED, State.OUTCOME_UNKNOWN

# For each grade in the order above: the state of the run, and how many effects there were.
Ends = tuple[tuple[State, int], ...]
ALL_DONE: Ends = ((DONE, 1),) * 6
KEYS_AND_VERSIONS: Ends = ((DONE, 1),) * 3
HAPPENED: Ends = (*KEYS_AND_VERSIONS, (DONE, 1), (DONE, 1), (UNKNOWN, 1))
ENDS: dict[str, tuple[dict[str, Any], Ends]] = {
    "slow": ({"kind": "slow", "seconds": 2}, ALL_DONE),
    "refused": ({"kind": "fails_before"}, ((FAILED, 0),) * 6),
    "never-arrives": (
        {"kind": "never_arrives"},
        # A probe that knows nothing of a call that came back says that nothing happened.
        (*KEYS_AND_VERSIONS, (FAILED, 0), (FAILED, 0), (UNKNOWN, 0)),
    ),
    "fails-after-write": ({"kind": "fails_after_write"}, HAPPENED),
    "times-out": (
        {"kind": "times_out"},
        # It may still be under way: that a probe knows nothing of it says nothing.
        (*KEYS_AND_VERSIONS, (UNKNOWN, 0), (UNKNOWN, 0), (UNKNOWN, 0)),
    ),
    "times-out-after-write": ({"kind": "times_out", "written": "yes"}, HAPPENED),
    "times-out-and-arrives-late": (
        {"kind": "times_out", "written": "late"},
        (*KEYS_AND_VERSIONS, (UNKNOWN, 1), (UNKNOWN, 1), (UNKNOWN, 1)),
    ),
    "answers-twice": (
        {"kind": "answers_twice"},
        # No run can keep a system that honours nothing from doing it twice: two effects.
        (*KEYS_AND_VERSIONS, (DONE, 1), (DONE, 2), (DONE, 2)),
    ),
    "nonsense": ({"kind": "nonsense"}, ((UNKNOWN, 0),) * 6),
    "nonsense-after-write": ({"kind": "nonsense", "written": "yes"}, ((UNKNOWN, 1),) * 6),
}  # fmt: skip


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("fault", ENDS)
def test_how_a_run_ends(tmp_path: Path, fault: str, grade: str) -> None:
    told, ends = ENDS[fault]
    state, effects = ends[list(GRADES).index(grade)]
    with office(tmp_path, told, GRADES[grade]).opened() as world:
        run = world.work(world.propose())
        world.sandbox.release()
        assert run.state is state
        assert world.effects() == effects
        assert world.work(run).state is state, "nothing is tried again"
        assert world.effects() == effects
        money = world.charge()["refunded"]
        assert money == f"{20 * effects}.00 USD"
        as_planned = run.state is not DONE or effects == 1
        assert (run.note is None) == (as_planned and state is DONE)


def office(folder: Path, fault: dict[str, Any], grade: Capabilities | None = None) -> Office:
    told = Fault.of({"system": "billing", "action": "billing.refund", **fault})
    hangs = told.kind is FaultKind.TIMES_OUT
    return Office(
        folder / "gate.db", faults=(told,), billing=grade, waiting=NoSleep(),
        call_timeout_s=0.5 if hangs else 30.0,
    )  # fmt: skip


class NoSleep(Waiting):
    """Notes how long a slow call would have taken."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_a_slow_call_waits_as_long_as_the_fault_says(tmp_path: Path) -> None:
    with office(tmp_path, {"kind": "slow", "seconds": 2.5}).opened() as world:
        assert world.work(world.propose()).state is DONE
        assert isinstance(world.waiting, NoSleep)
        assert world.waiting.slept == [2.5]


# --- a call that came back, and arrives later


@pytest.mark.parametrize(
    ("grade", "state"),
    [("keys", DONE), ("keys-unasked", DONE), ("versions", DONE), ("none", UNKNOWN)],
)
def test_a_call_that_came_back_and_arrives_late(tmp_path: Path, grade: str, state: State) -> None:
    with office(tmp_path, {"kind": "arrives_late"}, GRADES[grade]).opened() as world:
        run = world.work(world.propose())
        world.sandbox.release()
        assert (run.state, world.effects()) == (state, 1)


@pytest.mark.xfail(reason="a call that came back is taken for one that ended", strict=True)
def test_a_probe_does_not_see_what_is_still_on_its_way(tmp_path: Path) -> None:
    """The run fails, somebody tries again, and both calls arrive."""
    with office(tmp_path, {"kind": "arrives_late"}, GRADES["probe-alone"]).opened() as world:
        run = world.work(world.propose())
        if run.state is FAILED:
            world.work(world.gate.retry(run.id, by="ann"))
        world.sandbox.release()
        assert world.effects() <= 1


# --- somebody else


@pytest.mark.parametrize(
    ("grade", "state", "effects"),
    [("keys", State.BLOCKED, 0), ("versions", State.BLOCKED, 0), ("probe", DONE, 1),
     ("keys-unasked", DONE, 1)],
)  # fmt: skip
def test_a_record_that_somebody_else_changes_first(
    tmp_path: Path, grade: str, state: State, effects: int
) -> None:
    """A version that is compared in the write sees it; a gap, or none at all, does not."""
    fault = {"kind": "overtaken", "changes": {"status": "disputed"}}
    with office(tmp_path, fault, GRADES[grade]).opened() as world:
        run = world.work(world.propose())
        world.now += 2 * MINUTE
        assert world.work(run).state is state
        assert world.effects() == effects
        assert world.charge()["status"] == "disputed"


def test_a_harmless_change_is_asked_again_and_then_done(tmp_path: Path) -> None:
    fault = {"kind": "overtaken", "changes": {"description": "called"}}
    with office(tmp_path, fault).opened() as world:
        run = world.work(world.propose())
        world.now += 2 * MINUTE
        done = world.work(run)
        assert (done.state, done.round.number) == (DONE, 2)
        assert world.effects() == 1


# --- several things at once


def test_a_call_that_is_lost_again_and_again_is_done_when_it_is_not(tmp_path: Path) -> None:
    with office(tmp_path, {"kind": "never_arrives", "times": 3}).opened() as world:
        run = world.work(world.propose())
        assert (run.state, world.effects()) == (State.EXECUTING, 0)
        world.now += 2 * MINUTE
        assert world.work(run).state is State.EXECUTING
        world.now += 2 * MINUTE
        assert world.work(run).state is DONE
        assert world.effects() == 1
        assert [call.method for call in world.sandbox.calls()] == ["execute"] * 4


@pytest.mark.parametrize(
    ("grade", "state"),
    [("keys", DONE), ("versions", DONE), ("probe", UNKNOWN), ("none", UNKNOWN)],
)
@pytest.mark.parametrize("probe", ["never_arrives", "nonsense", "fails_before"])
def test_a_probe_that_fails_too(tmp_path: Path, grade: str, state: State, probe: str) -> None:
    lost = Fault(FaultKind.FAILS_AFTER_WRITE, method="execute")
    with Office(
        tmp_path / "gate.db", faults=(lost, {"kind": probe, "method": "probe"}),
        billing=GRADES[grade],
    ).opened() as world:  # fmt: skip
        assert world.work(world.propose()).state is state
        assert world.effects() == 1


def test_keys_that_the_system_forgot_leave_it_to_a_person(tmp_path: Path) -> None:
    """Within the window a repeated call is absorbed; after it nobody repeats."""
    grade = Capabilities(Concurrency.NONE, Idempotency.NATIVE, 60, can_compensate=True)
    faults = ({"kind": "fails_after_write"}, {"kind": "never_arrives", "call": 2})
    with Office(tmp_path / "gate.db", faults=faults, billing=grade).opened() as world:
        run = world.work(world.propose())
        assert run.state is State.EXECUTING
        world.sandbox.forget_keys("billing")
        world.now += 2 * MINUTE
        assert world.work(run).state is UNKNOWN
        assert world.effects() == 1


@pytest.mark.parametrize("method", ["preview", "read"])
def test_a_record_that_cannot_be_read_for_a_while(tmp_path: Path, method: str) -> None:
    with Office(tmp_path / "gate.db").opened() as world:
        run = world.propose()
        world.sandbox.inject({"kind": "never_arrives", "method": method})
        waits = world.work(run)
        assert waits.state is (State.AUTO if method == "preview" else State.VERIFYING)
        world.now += 2 * MINUTE
        assert world.work(run).state is DONE
        assert world.effects() == 1


def test_a_preview_that_hangs_right_before_the_write(tmp_path: Path) -> None:
    with office(tmp_path, {"kind": "times_out", "method": "preview", "call": 2}).opened() as world:
        run = world.propose()
        assert world.work(run).state is State.AUTO
        world.now += 2 * MINUTE
        assert world.work(run).state is DONE


# --- taking back


def break_compensation(world: Office, told: dict[str, Any]) -> State:
    """Do a refund, take it back with a fault, and return how the first run ends."""
    run = world.work(world.propose())
    assert run.state is DONE
    world.sandbox.inject({"method": "compensate", "action": "billing.refund", **told})
    back = world.gate.compensate(run.id, by="ann", note="the parcel came")
    if back.state is State.PENDING:
        world.approve(back, "bob")
    world.worker.drain()
    world.sandbox.release()
    return world.gate.run(run.id).state


@pytest.mark.parametrize(
    ("told", "state", "effects"),
    [
        ({"kind": "fails_after_write"}, State.COMPENSATED, 2),
        ({"kind": "answers_twice"}, State.COMPENSATED, 2),
        ({"kind": "never_arrives"}, State.COMPENSATED, 2),
        ({"kind": "fails_before"}, State.COMPENSATION_FAILED, 1),
    ],
    ids=["fails-after-write", "answers-twice", "never-arrives", "refused"],
)
def test_taking_back_happens_once(
    tmp_path: Path, told: dict[str, Any], state: State, effects: int
) -> None:
    with Office(tmp_path / "gate.db").opened() as world:
        assert break_compensation(world, told) is state
        assert [e.method for e in world.sandbox.effects()] == ["execute", "compensate"][:effects]
        assert world.charge()["refunded"] == ("0.00 USD" if effects == 2 else "20.00 USD")


# --- the whole


def test_the_same_faults_give_the_same_run_twice(tmp_path: Path) -> None:
    def story(folder: Path) -> object:
        faults = (
            {"kind": "never_arrives", "action": "billing.refund", "call": 2},
            {"kind": "fails_after_write", "system": "billing", "call": 3, "times": None},
        )
        with Office(folder / "gate.db", faults=faults).opened() as world:
            runs = [world.work(world.propose(charge=f"ch_{n}")) for n in (1, 2, 3, 4)]
            told = [(e.target, e.action, e.fields) for e in world.sandbox.effects()]
            return [run.state for run in runs], told, world.sandbox.calls()

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert story(tmp_path / "one") == story(tmp_path / "two")
