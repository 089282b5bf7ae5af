"""The benchmarks of the runtime measure what they say, and their page tells what was found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from benchmarks.runtime.__main__ import QUICK, run
from benchmarks.runtime.fill import Twin, fill
from benchmarks.runtime.found import (
    INSERT,
    Asked,
    Crew,
    Found,
    Latency,
    Past,
    Results,
    Size,
    Step,
    Trail,
)
from benchmarks.runtime.page import page
from benchmarks.runtime.questions import asked, questions
from benchmarks.runtime.rounds import rounds
from benchmarks.runtime.scene import AUTO, FINANCE, MANAGER, gate, refund
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.card import card_document
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.store import schema
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.events import read_event
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.runtime.store.migrations import upgrade
from gatewright.engine.runtime.worker import Worker
from gatewright.engine.values import Money, Timestamp
from tests.conftest import ROOT

HOUR_NS = 3_600_000_000_000


def twins(count: int, customer: str = "C-many") -> list[Twin]:
    return [Twin(n, f"bot-{n}", customer, (n + 1) * HOUR_NS) for n in range(count)]


def rows(opened: Gate) -> dict[str, int]:
    with opened.desk.database.reading() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in schema.metadata.tables.items()
        }


def test_a_twin_is_a_run_like_any_other(database_url: str) -> None:
    with gate(database_url) as opened:
        assert fill(opened, MANAGER, iter(twins(3))) == 3
        (twin,) = (run for run in opened.queue() if run.id == f"run_{1:032x}")
        card = card_document(twin)
        assert (card["target"]["id"], card["params"]["customer"]) == ("ch_00000001", "C-many")
        assert (twin.agent, card["agent"]["id"], twin.owner) == ("bot-1", "bot-1", "oli")
        model = opened.queue()[-1]
        assert twin.proposed_at == model.proposed_at - 2 * HOUR_NS
        assert [ask.asked_at for ask in twin.round.asks] == [twin.proposed_at]
        assert [e["at"] for e in opened.trail(twin.id)] == [Timestamp(twin.proposed_at).text] * 2

        assert [run.id for run in opened.queue(person="ann", most=1)] == [f"run_{2:032x}"]
        opened.approve(twin.id, by="ann", card=twin.card)
        Worker(opened).drain()
        assert opened.run(twin.id).state is State.DONE
        with opened.desk.database.reading() as connection:
            report = verify(connection)
        assert report.is_good
        assert report.payloads == 5  # four plans, and the receipt


def test_twins_leave_the_rows_that_proposals_leave(database_url: str) -> None:
    with gate(database_url) as opened:
        opened.propose(refund("ch_1", FINANCE))
        one = rows(opened)
        fill(opened, FINANCE, iter(twins(2)))
        opened.propose(refund("ch_2", FINANCE))
        once = {"policies", "event_shapes", "event_forms"}
        assert rows(opened) == {
            name: count if name in once else 5 * count for name, count in one.items()
        }


def test_a_history_counts_twins(database_url: str) -> None:
    with gate(database_url) as opened:
        fill(opened, MANAGER, iter(twins(3)))
        assert opened.propose(refund("ch_1", AUTO, customer="C-many")).state is State.PENDING
        assert opened.propose(refund("ch_2", AUTO, customer="C-other")).state is State.AUTO


def test_every_step_is_taken_in_every_round(database_url: str) -> None:
    with gate(database_url) as opened:
        taken: list[str] = []
        steps = {name: lambda name=name: taken.append(name) for name in ("a", "b")}
        found = rounds(opened.desk.database, steps, 3)
        assert taken == ["a", "b"] * 4  # once before
        assert set(found) == {INSERT, "a", "b"}
        assert found[INSERT].inserts == 1


def test_a_trail_of_the_benchmark_is_put_in_order_whole(database_url: str) -> None:
    with gate(database_url) as opened:
        fill(opened, MANAGER, iter(twins(2)))
        sequence(opened.desk.database)
        with opened.desk.database.reading() as connection:
            assert verify(connection).waiting == 0


@pytest.mark.slow
@pytest.mark.volume
def test_all_of_it_in_little(capsys: pytest.CaptureFixture[str]) -> None:
    plan = replace(
        QUICK, rounds=2, latencies=2, sizes=(20,), rounds_of_a_size=2, past=(3,), asked=(3, 9),
        asked_of=20, entries=1_000, single_entries=3, processes=(1,), each=4,
    )  # fmt: skip
    results = run(plan, ["SQLite"])
    (found,) = results.databases
    assert found.trail.entries == 1_003
    assert [(s.runs, s.worker_threads) for s in found.sizes] == [(20, 1)]
    assert [(crew.processes, crew.propose > 0, crew.execute > 0) for crew in found.crews] == [
        (1, True, True)
    ]
    assert 0 < found.latency.median_ms <= found.latency.p99_ms
    text = page(results)
    for name in (*found.steps, *found.sizes[0].steps):
        assert f"| {name} |" in text
    assert [(a.events, min(a.us.values()) > 0) for a in found.asked] == [(3, True), (9, True)]
    for name in ("count", "sum", "last", "distinct"):
        assert f"| SQLite | {name} |" in text
    assert "SQLite: many runs" in capsys.readouterr().err


def test_questions_find_the_events_that_were_filled_in(database_url: str) -> None:
    database = open_database(database_url)
    upgrade(database)
    list(questions(database, (4, 40), 60, 1))
    with database.reading() as connection:
        history = StoreHistory(connection, recorded=True)
        told = {size: {name: ask(history) for name, ask in asked(size).items()} for size in (4, 40)}
        many = connection.scalar(select(func.count()).select_from(schema.events))
        kept = [read_event(body) for body in connection.scalars(select(schema.events.c.body))]
    database.close()
    assert many == 160  # a hundred models are copied
    for size, found in told.items():
        mine = [e for e in kept if e.agent == f"bot-of-{size}" and e.status != "blocked"]
        assert found["count"] == len(mine) > 0
        assert found["sum"] == Money(
            sum((Decimal(str(e.params["amount"]).split()[0]) for e in mine), Decimal(0)), "USD"
        )
        assert found["last"] == max(mine, key=lambda event: event.at)
        assert found["distinct"] == len({e.params["customer"] for e in mine})


# --- the page


def size(runs: int, ms: float, mib: float, threads: int = 1) -> Size:
    step = Step(ms=9.0, inserts=1.0, quick_ms=ms)
    return Size(runs, 1.0, {INSERT: step, "approve": step}, mib, threads)


def results(*sizes: Size, verified: float = 60_000.0, load: str = "0.1 0.1 0.1") -> Results:
    step = Step(2.0, 1.0, 1.5)
    trail = Trail(1_000, 1.0, 2.0, 3.0, 4.0, 5.0, verified)
    crews = (Crew(1, 10.0, 20.0, 30.0), Crew(2, 15.0, 20.0, 60.0))
    found = Found(
        "SQLite", "3.40", {INSERT: step, "approve": step}, Latency(9, 300.0, 550.4), sizes,
        (Past(10, 7.0),), (Asked(10, {"count": 2.0}), Asked(100, {"count": 5.0})), trail, crews,
    )  # fmt: skip
    machine = {"cores": "2", "load before the run": load}
    return Results(False, machine, "0.2 0.2 0.2", (found,))


def test_the_page_judges_growth() -> None:
    grown = page(results(size(10, 1.0, 80.0), size(1_000, 3.1, 113.0, 11)))
    assert "| any step, 1,000 runs | ≤ 3 x that with 10 | SQLite | 3.1 x (approve) | **no** |" in (
        grown
    )
    assert "| ≤ 32 MiB more than with 10 | SQLite | +33.0 MiB | **no** |" in grown
    assert "| as many as with 10 | SQLite | 11 | **no** |" in grown
    even = page(results(size(10, 1.0, 80.0), size(1_000, 1.1, 81.0)))
    assert "**no**" not in even
    assert "| approve | 9 | 9 | 1.1 |" in even


def test_the_page_judges_verification_and_tells_of_several_processes() -> None:
    assert "≥ 50,000 entries a s | SQLite | 49,999 | **no** |" in page(
        results(size(10, 1.0, 80.0), verified=49_999.0)
    )
    text = page(results(size(10, 1.0, 80.0)))
    assert "≥ 50,000 entries a s | SQLite | 60,000 | yes |" in text
    assert "| SQLite | 2 | 15 (1.5) | 20 (1) | 60 (2) |" in text
    assert "| SQLite | 9 | 300 | 550 |" in text


def test_the_page_tells_how_questions_grow_with_the_events_that_they_are_about() -> None:
    text = page(results(size(10, 1.0, 80.0)))
    assert "| microseconds | question | 10 events | 100 events | growth |" in text
    assert "| SQLite | count | 2 | 5 | 2.5 |" in text


def test_the_page_says_when_the_machine_was_busy() -> None:
    assert "**The machine was busy**" in page(results(size(10, 1.0, 80.0), load="2.1 0.0 0.0"))
    assert "machine was busy" not in page(results(size(10, 1.0, 80.0)))


def test_make_runs_them() -> None:
    assert "$(BIN)/python -m benchmarks.runtime $(BENCH)" in (ROOT / "Makefile").read_text()
