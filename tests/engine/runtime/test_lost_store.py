"""A store that is locked, full, read-only or away: a clear StoreError, nothing lost, and workers go on."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from gatewright.engine.action import Action
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.ports import Idempotency, Receipt
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.errors import (
    StoreError,
    StoreFull,
    StoreGone,
    StoreLocked,
    StoreReadOnly,
    StoreUnsure,
    StoreUnusable,
)
from gatewright.engine.runtime.worker import Worker
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.world import BEGIN, GROUPS, HOUR, Changing, refund, refunds

WAIT_S = 60
PATIENCE_S = 0.5
CHARGES = [f"ch_{number}" for number in range(1, 7)]


class Interrupted(Ledger):
    """A ledger where something happens to the store right after the effect."""

    then: Callable[[], object] | None = None

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        receipt = super().execute(action, expected_version, idempotency_key)
        if self.then is not None:
            self.then()
        return receipt


@dataclass
class Shop:
    """A gate that has little patience with its store, and a worker that tells of its troubles."""

    url: str
    folder: Path
    grade: Idempotency = Idempotency.PROBE
    now: int = BEGIN
    told: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.ledger = Interrupted(self.folder / "ledger.db", self.grade)
        for charge in CHARGES:
            self.ledger.make(charge)
        self.database = open_database(self.url, clock=lambda: self.now, patience_s=PATIENCE_S)
        self.gate = Gate(
            refunds(), store=self.database, connectors=[self.ledger], directory=Changing(GROUPS)
        )
        self.worker = Worker(self.gate, name="w1", lease_s=60, call_timeout_s=30)
        self.in_trouble, self.over = threading.Event(), threading.Event()

    def propose(self, charge: str = "ch_1") -> Run:
        return self.gate.propose(refund("75.00 USD", charge))

    def approve(self, run: Run) -> Run:
        return self.gate.approve(run.id, by="ann", card=run.card)

    def tell(self, line: str) -> None:
        self.told.append(line)
        (self.in_trouble if line.endswith("trying again") else self.over).set()

    @contextmanager
    def working(self) -> Generator[None]:
        """Let the worker run in a thread; it must not end before it is told to."""
        stop, ended = threading.Event(), list[object]()

        def work() -> None:
            try:
                self.worker.run(stop, idle_s=0.01, tell=self.tell)
                ended.append("as told")
            except BaseException as error:
                ended.append(error)
                self.in_trouble.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(WAIT_S)
        assert ended == ["as told"]

    def states(self, made: list[Run]) -> set[State]:
        """Let the claims of before end, do what is left, and return where the runs stand."""
        self.now += HOUR
        self.worker.drain()
        return {self.gate.run(run.id).state for run in made}

    def end_sessions(self) -> None:
        """End the sessions of this shop, as a server does that is shut down."""
        with psycopg.connect(self.url, application_name="", autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = %s", [NAME],
            )  # fmt: skip


NAME = f"gatewright_lost_{os.getpid()}"
"""What the sessions of a shop are called."""


@pytest.fixture(params=[Idempotency.PROBE])
def shop(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Shop]:
    named = f"{database_url}&application_name={NAME}" if "options" in database_url else database_url
    shop = Shop(named, tmp_path, request.param)
    yield shop
    shop.gate.close()


# --- what goes wrong with a store


@contextmanager
def locked(shop: Shop) -> Generator[None]:
    """Hold what every step needs."""
    other = open_database(shop.url)
    with other.transaction() as connection:
        if other.is_postgres:
            connection.execute(text("LOCK TABLE runs, timers, leaves IN ACCESS EXCLUSIVE MODE"))
        yield
    other.close()


@contextmanager
def full(shop: Shop) -> Generator[None]:
    """Let nothing grow any more; PostgreSQL says so of a full disk."""
    if shop.database.is_postgres:
        with psycopg.connect(shop.url, autocommit=True) as admin:
            admin.execute(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE 'no space left on device' USING ERRCODE = '53100'; END $$"
            )
            admin.execute(
                "CREATE TRIGGER no_room BEFORE INSERT ON outbox EXECUTE FUNCTION no_room()"
            )
            yield
            admin.execute("DROP FUNCTION no_room CASCADE")
        return
    with switched(shop, "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"):
        yield


@contextmanager
def read_only(shop: Shop) -> Generator[None]:
    """Refuse every write, as a server does that has become the standby."""
    if shop.database.is_postgres:
        setting = "SET SESSION CHARACTERISTICS AS TRANSACTION READ "
        with switched(shop, setting + "ONLY", setting + "WRITE"):
            yield
    else:
        with switched(shop, "PRAGMA query_only = on", "PRAGMA query_only = off"):
            yield


@contextmanager
def switched(shop: Shop, on: str, off: str) -> Generator[None]:
    """Say something to every session before it is used: first the one thing, then the other."""
    said = [on]

    def say(connection: Any, record: object, proxy: object) -> None:
        connection.execute(said[-1])
        connection.commit()

    event.listen(shop.database.engine, "checkout", say)
    yield
    said.append(off)


@contextmanager
def gone(shop: Shop) -> Generator[None]:
    """Take the file away, or end all sessions and answer nobody; then bring it back."""
    if shop.database.is_postgres:
        is_away = [True]

        def connect(_: object, __: object, ___: object, options: dict[str, object]) -> None:
            if is_away[-1]:
                options["port"] = 1  # where nobody listens

        event.listen(shop.database.engine, "do_connect", connect)
        shop.end_sessions()
        yield
        is_away.append(False)
    else:
        file = Path(shop.url.removeprefix("sqlite:///"))
        file.rename(file.with_suffix(".away"))
        yield
        file.with_suffix(".away").rename(file)


def fill(shop: Shop, run: Run) -> None:
    """Say so much about a run that its pages have no room for an answer."""
    for length in (1000, 100, 1):
        try:
            for _ in range(1000):
                shop.gate.comment(run.id, by="ann", text="x" * length)
        except StoreFull:
            continue


Trouble = Callable[[Shop], AbstractContextManager[None]]
TROUBLES = [
    pytest.param(locked, StoreLocked, "let that finish", id="locked"),
    pytest.param(full, StoreFull, "make room", id="full"),
    pytest.param(read_only, StoreReadOnly, "may only be read", id="read-only"),
    pytest.param(gone, StoreGone, "cannot be reached|deleted or replaced|went away", id="gone"),
]


# --- the gate


@pytest.mark.parametrize(("trouble", "kind", "advice"), TROUBLES)
def test_a_gate_says_what_is_wrong_and_keeps_nothing_of_it(
    shop: Shop, trouble: Trouble, kind: type[StoreError], advice: str
) -> None:
    with trouble(shop), pytest.raises(kind, match=advice):
        shop.propose("ch_2")
    run = shop.propose()
    with trouble(shop), pytest.raises(kind, match=advice):
        if kind is StoreFull and not shop.database.is_postgres:
            fill(shop, run)
        shop.approve(run)
    kept = shop.gate.run(run.id)
    assert (kept.state, kept.round.votes) == (State.PENDING, ())
    assert [r.id for r in shop.gate.queue()] == [run.id]
    shop.approve(run)
    assert shop.states([run]) == {State.DONE}
    assert shop.ledger.effects() == 1
    assert [e["kind"] for e in shop.gate.trail(run.id)].count("approved") == 1


def test_an_answer_that_was_cut_off_at_its_commit_can_be_given_again(shop: Shop) -> None:
    """Nobody knows whether it was kept: given again it is refused, or counted once."""
    if not shop.database.is_postgres:
        return  # a file has no session that ends
    run = shop.propose()

    def end(connection: object) -> None:
        shop.end_sessions()

    event.listen(shop.database.engine, "commit", end, once=True)
    with pytest.raises(StoreUnsure, match="look whether it was kept"):
        shop.approve(run)
    assert shop.gate.run(run.id).state is State.PENDING
    shop.approve(run)
    assert shop.states([run]) == {State.DONE}


# --- a worker


@pytest.mark.parametrize(("trouble", "kind", "advice"), TROUBLES)
def test_a_worker_goes_on_when_the_store_is_back(
    shop: Shop, trouble: Trouble, kind: type[StoreError], advice: str
) -> None:
    made = [shop.approve(shop.propose(charge)) for charge in CHARGES]
    with ExitStack() as lasting:
        lasting.enter_context(trouble(shop))
        with shop.working():
            assert shop.in_trouble.wait(WAIT_S)
            lasting.close()
            assert shop.over.wait(WAIT_S)
    assert re.search(advice, shop.told[0])
    assert shop.told[1:] == ["the store can be used again"]
    assert shop.states(made) == {State.DONE}
    assert shop.ledger.effects() == len(CHARGES)


@pytest.mark.parametrize("trouble", [locked, read_only, gone])
@pytest.mark.parametrize(
    ("shop", "state"),
    [
        (Idempotency.NATIVE, State.DONE), (Idempotency.COMPARE_AND_SET, State.DONE),
        (Idempotency.PROBE, State.DONE), (Idempotency.NONE, State.OUTCOME_UNKNOWN),
    ],
    indirect=["shop"],
)  # fmt: skip
def test_an_effect_that_could_not_be_kept_is_found_out(
    shop: Shop, state: State, trouble: Trouble
) -> None:
    run = shop.approve(shop.propose())
    with ExitStack() as lasting:
        shop.ledger.then = lambda: lasting.enter_context(trouble(shop))
        with shop.working():
            assert shop.in_trouble.wait(WAIT_S)
            shop.ledger.then = None
            lasting.close()
            assert shop.over.wait(WAIT_S)
    assert shop.gate.run(run.id).state is State.EXECUTING
    assert shop.states([run]) == {state}
    assert shop.ledger.effects() == 1


def test_a_damaged_store_ends_a_worker(tmp_path: Path) -> None:
    shop = Shop(f"sqlite:///{tmp_path / 'gate.db'}", tmp_path)
    shop.gate.close()
    with (tmp_path / "gate.db").open("r+b") as file:
        file.write(b"no database" * 10)
    with pytest.raises(StoreUnusable, match="is no SQLite database"):
        shop.worker.run(threading.Event(), tell=shop.tell)
    assert shop.told == []
    shop.gate.close()
