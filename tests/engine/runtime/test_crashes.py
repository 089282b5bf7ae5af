"""A process that ends at any durable step: nothing is lost, and nothing happens twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest

from gatewright.connectors.people.lines import LinesNotifier
from gatewright.engine.runtime import failpoints
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import Run, State
from tests.conftest import ROOT, unmeasured
from tests.engine.runtime.crash import LONGEST_S
from tests.engine.runtime.databases import await_rollback
from tests.engine.runtime.world import HOUR, World

MINUTE = HOUR // 60
LINES = "messages.jsonl"


class Doomed:
    """A server of processes to be ended: each step is done in a fork of it."""

    def __init__(self) -> None:
        self._server = started()

    def crash(self, world: World, failpoint: str, do: str, run: Run | None = None) -> None:
        """Let a process do something, and end it at a failpoint; it must come by there."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(step_of(world, failpoint, do, run) + "\n")
        self._server.stdin.flush()
        assert int(self._server.stdout.readline()) == failpoints.EXIT_CODE
        await_rollback(world.url)

    def close(self) -> None:
        self._server.communicate(timeout=LONGEST_S)
        assert self._server.returncode == 0


def started(*arguments: str) -> subprocess.Popen[str]:
    """Start `tests.engine.runtime.crash`; what it writes to stderr is shown where a test fails."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.runtime.crash", *arguments],
        cwd=ROOT,
        env={**unmeasured(), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def step_of(world: World, failpoint: str, do: str, run: Run | None = None) -> str:
    told = {
        "url": world.url, "folder": str(world.folder), "grade": world.grade.value,
        "now": world.now, "failpoint": failpoint, "do": do, "lines": str(world.folder / LINES),
        "run": run.id if run else None, "card": run.card if run else None,
    }  # fmt: skip
    return json.dumps(told)


@pytest.fixture(scope="session", name="doomed")
def doomed_fixture() -> Generator[Doomed]:
    """Give the one server of this session."""
    doomed = Doomed()
    yield doomed
    doomed.close()


def of(*prefixes: str) -> list[str]:
    return [name for name in failpoints.NAMES if name.split(".")[0] in prefixes]


@pytest.mark.parametrize("failpoint", of("propose"))
def test_who_dies_while_proposing_may_propose_again(
    doomed: Doomed, database_url: str, tmp_path: Path, failpoint: str
) -> None:
    with World(database_url, tmp_path).opened() as world:
        doomed.crash(world, failpoint, "propose")
        run = world.propose(idempotency_key="k")
        assert [r.id for r in world.gate.queue()] == [run.id]
        assert world.work(world.approve(run)).state is State.DONE
        assert world.ledger.effects() == 1


@pytest.mark.parametrize("failpoint", of("answer"))
def test_who_dies_while_answering_has_answered_once_or_not_at_all(
    doomed: Doomed, database_url: str, tmp_path: Path, failpoint: str
) -> None:
    with World(database_url, tmp_path).opened() as world:
        run = world.propose()
        doomed.crash(world, failpoint, "approve", run)
        kept = world.gate.run(run.id)
        assert kept.state is (State.APPROVED if failpoint.endswith("committed") else State.PENDING)
        if kept.state is State.PENDING:
            world.approve(kept)
        assert world.work(run).state is State.DONE
        assert world.ledger.effects() == 1


@pytest.mark.parametrize("failpoint", of("timer"))
def test_while_a_timer_fires(
    doomed: Doomed, database_url: str, tmp_path: Path, failpoint: str
) -> None:
    with World(database_url, tmp_path).opened() as world:
        run = world.propose()
        world.now += 4 * HOUR
        doomed.crash(world, failpoint, "work")
        asked = world.work(run)
        assert [ask.route for ask in asked.round.asks] == ["shop.refunds.finance"]
        assert world.work(world.approve(asked, "fay")).state is State.DONE
        assert world.ledger.effects() == 1


@pytest.mark.parametrize("failpoint", of("stale"))
def test_who_dies_while_asking_again_is_followed_by_others(
    doomed: Doomed, database_url: str, tmp_path: Path, failpoint: str
) -> None:
    with World(database_url, tmp_path).opened() as world:
        run = world.approve(world.propose())
        world.ledger.put("ch_1", refunded="1.00 USD")
        doomed.crash(world, failpoint, "work")
        world.now += 2 * MINUTE
        asked = world.work(run)
        assert (asked.state, asked.round.number) == (State.PENDING, 2)
        assert world.ledger.effects() == 0


IN_THE_MIDDLE = ("execute.committed", "execute.called")
WORKING = [*of("claim", "execute", "result", "verify"), "result.recorded:2", "result.committed:2"]


@pytest.mark.parametrize(
    ("failpoint", "grade"),
    [
        *((name, Idempotency.NATIVE) for name in WORKING),
        *((name, grade) for name in IN_THE_MIDDLE for grade in Idempotency
          if grade is not Idempotency.NATIVE),
    ],
)  # fmt: skip
def test_who_dies_while_executing_leaves_one_effect_or_a_question(
    doomed: Doomed, database_url: str, tmp_path: Path, failpoint: str, grade: Idempotency
) -> None:
    with World(database_url, tmp_path, grade).opened() as world:
        run = world.approve(world.propose())
        doomed.crash(world, failpoint, "work")
        world.now += 2 * MINUTE
        ended = world.work(run)
        assert ended.state in (State.DONE, State.OUTCOME_UNKNOWN)
        assert world.ledger.effects() <= 1
        assert len([vote for round_ in ended.rounds for vote in round_.votes]) == 1
        if ended.state is State.DONE:
            assert world.ledger.effects() == 1
        if grade in (Idempotency.NATIVE, Idempotency.COMPARE_AND_SET):
            assert ended.state is State.DONE


@pytest.mark.parametrize("failpoint", of("deliver", "told", "tidy"))
def test_who_dies_while_telling_loses_no_message(
    database_url: str, doomed: Doomed, tmp_path: Path, failpoint: str
) -> None:
    """Whatever was not written down is told again, with its id; nothing overtakes it."""
    lines = tmp_path / LINES
    with World(database_url, tmp_path, notifiers=[LinesNotifier(lines)]).opened() as world:
        run = world.propose("20.00 USD")
        doomed.crash(world, failpoint, "work")
        world.now += 2 * MINUTE
        assert world.work(run).state is State.DONE
    told = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    first = list({event["id"]: event["type"] for event in told}.values())
    assert first == ["gatewright.run.auto", "gatewright.run.executing", "gatewright.run.done"]
    repeated = [event["type"] for before, event in pairwise(told) if before["id"] == event["id"]]
    assert len(told) == len(first) + len(repeated)  # what comes twice comes in a row
    may_repeat = failpoint in ("deliver.called", "told.recorded")
    assert len(repeated) == (1 if may_repeat else 0)


def test_a_process_that_shares_nothing(database_url: str, tmp_path: Path) -> None:
    with World(database_url, tmp_path).opened() as world:
        run = world.approve(world.propose())
        fresh = started("--once", step_of(world, "execute.called", "work"))
        fresh.communicate(timeout=LONGEST_S)
        assert fresh.returncode == failpoints.EXIT_CODE
        world.now += 2 * MINUTE
        assert world.work(run).state is State.DONE
        assert world.ledger.effects() == 1


def test_a_process_that_comes_by_no_failpoint_is_told_from_one_that_does(
    doomed: Doomed, tmp_path: Path
) -> None:
    with World(f"sqlite:///{tmp_path / 'gate.db'}", tmp_path).opened() as world:
        with pytest.raises(AssertionError):
            doomed.crash(world, "stale.recorded", "propose")
        assert [run.state for run in world.gate.queue()] == [State.PENDING]
