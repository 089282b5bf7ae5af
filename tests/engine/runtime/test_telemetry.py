"""What OpenTelemetry's own SDK gets of a run's way, and that nothing breaks without its API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gatewright.engine.action import Action
from gatewright.engine.load import load_source
from gatewright.engine.runtime import calling, telemetry
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.runtime.notifying import NotifierError, Undeliverable
from gatewright.engine.runtime.ports import Idempotency, Preview
from gatewright.engine.runtime.run import Run, State
from tests.conftest import ROOT
from tests.engine.runtime.inbox import Inbox, raising
from tests.engine.runtime.world import HOUR, World, refund

Point = tuple[float, dict[str, Any]]


class Observed:
    """What the SDK got since the test began."""

    def __init__(self, exporter: InMemorySpanExporter, reader: InMemoryMetricReader) -> None:
        self._exporter, self._reader = exporter, reader
        exporter.clear()
        self._before = {name: dict(self._counts(name)) for name in COUNTERS}

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        found = self._exporter.get_finished_spans()
        return [span for span in found if name is None or span.name == f"gatewright.{name}"]

    def attributes(self, name: str) -> list[dict[str, Any]]:
        return [_short(span.attributes or {}) for span in self.spans(name)]

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == f"gatewright.{name}"
            for point in metric.data.data_points
        ]

    def _counts(self, name: str) -> Iterator[tuple[str, float]]:
        for point in self.points(name):
            found = _short(point.attributes)
            yield json.dumps(found, sort_keys=True), getattr(point, "value", None) or point.count

    def counted(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """By attributes: how often more it was counted than before the test."""
        known = self._before[name]
        return [
            (json.loads(key), value - known.get(key, 0))
            for key, value in sorted(self._counts(name))
            if value != known.get(key, 0)
        ]


COUNTERS = ("decisions", "answers", "executions", "deliveries", "approval_to_done")


def _short(attributes: Any) -> dict[str, Any]:
    return {name.removeprefix("gatewright."): value for name, value in attributes.items()}


@pytest.fixture(scope="session")
def sdk() -> Generator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    """Give the process an SDK: that can be done only once."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    spans, numbers = TracerProvider(), MeterProvider([reader])
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(numbers)
    yield exporter, reader
    spans.shutdown()
    numbers.shutdown()


@pytest.fixture
def observed(sdk: tuple[InMemorySpanExporter, InMemoryMetricReader]) -> Observed:
    return Observed(*sdk)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def world(database_url: str, tmp_path: Path, inbox: Inbox) -> Iterator[World]:
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        yield world


# --- spans


def test_the_way_of_a_run_is_told_in_spans(world: World, observed: Observed) -> None:
    run = world.propose()
    world.worker.drain()
    world.approve(run)
    world.work(run)
    names = [span.name.removeprefix("gatewright.") for span in observed.spans()]
    assert [name for name in names if name != "deliver"] == [
        "decide", "propose", "answer", "claim", "verify", "execute",
    ]  # fmt: skip
    assert all(span.attributes["gatewright.run"] == run.id for span in observed.spans())  # type: ignore[index]
    assert observed.attributes("propose") == [
        {"action": "billing.refund", "run": run.id, "state": "pending"}
    ]
    assert observed.attributes("decide") == [
        {
            "run": run.id, "round": 1, "policy": run.round.policy, "effect": "require_approval",
            "decision": run.round.decision["id"],
        }
    ]  # fmt: skip
    assert observed.attributes("answer") == [
        {"run": run.id, "kind": "approve", "state": "approved"}
    ]
    assert observed.attributes("claim") == [{"run": run.id, "worker": "w1", "fence": 1}]
    what = {"run": run.id, "action": "billing.refund", "system": "stripe"}
    assert observed.attributes("execute") == [{**what, "is_recovery": False, "state": "verifying"}]
    assert observed.attributes("verify") == [{**what, "state": "done"}]
    assert [a["type"] for a in observed.attributes("deliver")] == [
        "gatewright.run.pending", "gatewright.route.asked", "gatewright.run.approved",
        "gatewright.run.executing", "gatewright.run.done",
    ]  # fmt: skip


def test_spans_are_in_one_another(world: World, observed: Observed) -> None:
    world.work(world.propose("20.00 USD"))
    by_name = {span.name: span for span in observed.spans()}
    for inner, outer in (("decide", "propose"), ("verify", "execute")):
        parent = by_name[f"gatewright.{inner}"].parent
        context = by_name[f"gatewright.{outer}"].context
        assert parent is not None
        assert context is not None
        assert (parent.trace_id, parent.span_id) == (context.trace_id, context.span_id)


@pytest.mark.usefixtures("sdk")
def test_a_connector_is_called_within_the_span() -> None:
    with telemetry.span("execute"):
        here = trace.get_current_span().get_span_context()
        assert calling.call(lambda: trace.get_current_span().get_span_context(), 5) == here


def test_a_refusal_is_told_by_its_code_alone(world: World, observed: Observed) -> None:
    run = world.propose()
    with pytest.raises(Refused):
        world.approve(run, "cat")
    (span,) = observed.spans("answer")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "not_eligible"
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.status.description, span.events) == (None, ())
    assert observed.counted("answers") == []


def test_an_idle_worker_tells_nothing(world: World, observed: Observed) -> None:
    world.worker.drain()
    assert observed.spans() == []


def test_no_value_is_told(world: World, observed: Observed, inbox: Inbox) -> None:
    text = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")
    field = "reason?: string(max: 500)"
    world.policy = load_source(text.replace(field, f"@secret {field}"))
    world.gate.desk.seal = Fernet(Fernet.generate_key())
    inbox.before = raising(Undeliverable("the body says hunter2"), times=1)
    action = refund("75.00 USD", "ch_1")
    action["params"] = {"customer": "C-secretive", "amount": "75.00 USD", "reason": "hunter2"}
    run = world.gate.propose(action)
    with pytest.raises(GateError):
        world.gate.reject(run.id, by="nobody hunter2", note="hunter2")
    world.work(world.approve(run))
    told = " ".join(span.to_json() for span in observed.spans())
    told += repr([observed.points(name) for name in COUNTERS])
    assert run.id in told
    for value in ("hunter2", "75.00", "C-secretive", "The customer asked"):
        assert value not in told


def test_a_long_name_is_cut(observed: Observed) -> None:
    with telemetry.span("propose", action="a" * 1_000, agent=None):
        pass
    assert observed.attributes("propose") == [{"action": "a" * telemetry.LONGEST}]


# --- metrics


def test_decisions_and_answers_are_counted(world: World, observed: Observed) -> None:
    world.propose("20.00 USD", "ch_1")
    kept = world.propose("75.00 USD", "ch_2", idempotency_key="k")
    world.propose("75.00 USD", "ch_2", idempotency_key="k")  # the same run: nothing was decided
    world.gate.comment(kept.id, by="ann", text="hm")
    world.gate.reject(kept.id, by="ann", note="no")
    assert observed.counted("decisions") == [
        ({"action": "billing.refund", "effect": "auto_run"}, 1),
        ({"action": "billing.refund", "effect": "require_approval"}, 1),
    ]
    assert observed.counted("answers") == [({"kind": "comment"}, 1), ({"kind": "reject"}, 1)]


def test_a_proposal_that_another_came_before_is_no_decision(
    world: World, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = world.ledger.preview

    def beaten(action: Action) -> Preview:
        monkeypatch.setattr(world.ledger, "preview", preview)
        first.append(world.propose(idempotency_key="k"))
        return preview(action)

    first = list[Run]()
    monkeypatch.setattr(world.ledger, "preview", beaten)
    assert world.propose(idempotency_key="k") == first[0]
    assert [count for _, count in observed.counted("decisions")] == [1]


def test_the_name_of_an_unknown_action_is_not_counted(world: World, observed: Observed) -> None:
    made_up = {**refund("20.00 USD", "ch_1"), "action": "made.up"}
    made_up["target"] = {"system": "stripe", "object": "charge", "id": "ch_1"}
    assert world.gate.propose(made_up).state is State.BLOCKED
    assert observed.counted("decisions") == [({"action": "(undeclared)", "effect": "block"}, 1)]


def test_executions_are_counted_by_what_came_of_them(world: World, observed: Observed) -> None:
    world.work(world.propose("20.00 USD", "ch_1"))
    world.ledger.faults = ["refuses"]
    failed = world.work(world.approve(world.propose("75.00 USD", "ch_2")))
    assert failed.state is State.FAILED
    stale = world.approve(world.propose("75.00 USD", "ch_3"))
    world.ledger.put("ch_3", refunded="1.00 USD")
    assert world.work(stale).state is State.PENDING
    assert observed.counted("executions") == [
        ({"outcome": "done", "system": "stripe"}, 1),
        ({"outcome": "failed", "system": "stripe"}, 1),
        ({"outcome": "stale", "system": "stripe"}, 1),
    ]


def test_an_unknown_outcome_is_counted(
    database_url: str, tmp_path: Path, observed: Observed
) -> None:
    with World(database_url, tmp_path, Idempotency.NONE).opened() as world:
        world.ledger.faults = ["raises_after"]
        world.work(world.propose("20.00 USD"))
    assert observed.counted("executions") == [
        ({"outcome": "outcome_unknown", "system": "stripe"}, 1)
    ]


def test_the_way_from_approval_to_done_is_timed(world: World, observed: Observed) -> None:
    world.work(world.propose("20.00 USD", "ch_1"))  # nobody approved it
    run = world.approve(world.propose("75.00 USD", "ch_2"))
    before = sum(point.sum for point in observed.points("approval_to_done"))
    world.now += 90 * 1_000_000_000
    assert world.work(run).state is State.DONE
    assert observed.counted("approval_to_done") == [({"system": "stripe"}, 1)]
    assert sum(point.sum for point in observed.points("approval_to_done")) - before == 90


def test_deliveries_are_counted_by_what_came_of_them(
    world: World, observed: Observed, inbox: Inbox
) -> None:
    world.propose("20.00 USD")
    inbox.before = raising(NotifierError("busy"), times=1)
    world.worker.drain()
    world.now += 2 * 1_000_000_000
    inbox.before = raising(Undeliverable("never"), times=1)
    world.worker.drain()
    assert observed.counted("deliveries") == [
        ({"notifier": "inbox", "result": "dead"}, 1),
        ({"notifier": "inbox", "result": "delivered"}, 2),
        ({"notifier": "inbox", "result": "failed"}, 1),
    ]


def test_what_waits_is_observed(world: World, observed: Observed) -> None:
    store = world.gate.desk.database.where

    def waiting(name: str) -> list[float]:
        found = [(p.value, _short(p.attributes)) for p in observed.points(name)]
        return [value for value, attributes in found if attributes == {"store": store}]

    assert (waiting("runs.pending"), waiting("runs.pending.age")) == ([0], [0.0])
    world.propose("75.00 USD", "ch_1")
    world.now += HOUR
    world.propose("75.00 USD", "ch_2")
    assert (waiting("runs.pending"), waiting("runs.pending.age")) == ([2], [3600.0])
    world.gate.close()
    assert waiting("runs.pending") == []


# --- without

WITHOUT = """
import sys
sys.modules["opentelemetry"] = None  # as if it were not installed
from pathlib import Path
from gatewright.engine.runtime.run import State
from tests.engine.runtime.inbox import Inbox
from tests.engine.runtime.world import World

inbox = Inbox()
with World(sys.argv[1], Path(sys.argv[2]), notifiers=[inbox]).opened() as world:
    run = world.work(world.approve(world.propose()))
    assert run.state is State.DONE
print(len(inbox.events), [name for name in sys.modules if name.startswith("opentelemetry.")])
"""


def test_without_the_api_everything_works(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, f"sqlite:///{tmp_path / 'gate.db'}", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout == "5 []\n", done.stderr
