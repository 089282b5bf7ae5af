"""Steps that decide at once: whoever was undone by others is alone the next time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.errors import StoreBusy, StoreLocked
from gatewright.engine.runtime.store.turns import take_turn
from tests.engine.runtime.world import World

MODES = text(
    "SELECT mode FROM pg_locks JOIN pg_class c ON c.oid = relation"
    " WHERE c.relname = 'policies' AND pid = pg_backend_pid() AND granted"
)

WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_class c ON c.oid = relation"
    " WHERE c.relname = 'policies' AND relnamespace = current_schema()::regnamespace"
    " AND NOT granted"
)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as opened:
        yield opened


def test_a_step_that_was_undone_is_alone_the_next_time(world: World) -> None:
    desk, seen = world.gate.desk, list[set[str]]()

    def work(connection: Connection) -> int:
        held = connection.scalars(MODES) if desk.database.is_postgres else ()
        seen.append(set(held))
        if len(seen) < 4:
            raise StoreBusy("several steps undo each other", "again")
        return len(seen)

    assert desk.deciding(work) == 4
    if desk.database.is_postgres:
        assert seen == [{"RowShareLock"}, {"ExclusiveLock"}] * 2
    else:
        assert seen == [set()] * 4


def test_who_is_alone_waits_for_others_but_not_for_ever(world: World) -> None:
    database = world.gate.desk.database
    if not database.is_postgres:
        return  # one writes at a time there, whoever asks
    other = open_database(world.url)
    with other.transaction("deciding") as slow:
        take_turn(slow, alone=False)
        with pytest.raises(StoreLocked), database.transaction("deciding") as connection:
            take_turn(connection, alone=True)
        with database.transaction("deciding") as connection:
            take_turn(connection, alone=False)
    with database.transaction("deciding") as connection:
        usual = connection.scalar(text("SHOW lock_timeout"))
        take_turn(connection, alone=True)
        assert connection.scalar(text("SHOW lock_timeout")) == usual
    other.close()


def test_what_was_written_before_a_turn_is_seen_in_it(world: World) -> None:
    """Or the step that waited would be undone once more."""
    database = world.gate.desk.database
    if not database.is_postgres:
        return
    run = world.propose()

    def second() -> int:
        with database.transaction("deciding") as connection:
            take_turn(connection, alone=True)
            return int(connection.scalar(text("SELECT count(*) FROM exception_uses")) or 0)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction("deciding") as first:
            take_turn(first, alone=False)
            found = pool.submit(second)
            while not first.scalar(WAITING) and not found.done():
                pass
            first.execute(text(f"INSERT INTO exception_uses VALUES ('e', '{run.id}')"))  # noqa: S608
        assert found.result() == 1


def test_many_proposals_at_once_are_all_kept(world: World) -> None:
    """They ask the same history: each of them reads what all others write."""

    def one(number: int) -> Run:
        return world.propose("2.00 USD", f"ch_{number % 5 + 1}")

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(40)))
    assert {run.state for run in made} == {State.AUTO, State.PENDING}
    autos = [run.round.action["target"]["id"] for run in made if run.state is State.AUTO]
    assert len(autos) == len(set(autos)) == 5  # the second refund of a customer needs a manager
