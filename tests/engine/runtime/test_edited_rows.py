"""A row that is not what the last step of its run left takes no further step: nothing is carried out.

Whatever a step finds it vouches for, so an edit that one went on from could not be seen any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import Report, verify
from gatewright.engine.runtime.errors import DamagedRun, EditedRun
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import runs, trail
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.vouched import OF_CLAIMS, event_digest, run_digest
from tests.engine.runtime.ledger import Ledger
from tests.engine.runtime.store.test_plans import noted
from tests.engine.runtime.world import HOUR, World, refund

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


def report(world: World) -> Report:
    sequence(world.gate.desk.database)
    with world.gate.desk.database.reading() as connection:
        return verify(connection)


def row_of(world: World, run: Run) -> dict[str, Any]:
    with world.gate.desk.database.reading() as connection:
        found = connection.execute(select(t.runs).where(t.runs.c.id == run.id)).mappings().one()
    return dict(found)


def put(world: World, run: Run, **values: object) -> None:
    with world.gate.desk.database.transaction() as connection:
        connection.execute(update(t.runs).where(t.runs.c.id == run.id).values(values))


def forge(world: World, run: Run, edit: Edit, **values: object) -> None:
    """Edit the document of a run, and its columns with it, so that nothing else gives it away."""
    document = json.loads(row_of(world, run)["body"])
    edit(document)
    put(world, run, body=json.dumps(document), state=document["state"], **values)


@contextmanager
def forged(world: World, run: Run, edit: Edit, **values: object) -> Generator[None]:
    """Forge a row, see that it is named at the end, and put it back."""
    before = row_of(world, run)
    forge(world, run, edit, **values)
    yield
    named = {(one.table, one.row) for one in report(world).findings}
    assert ("runs", run.id) in named
    put(world, run, **{name: before[name] for name in ("body", "state", "ready_at")})


# --- edits


def approved(document: dict[str, Any]) -> None:
    """Nobody asked any more: everybody has answered."""
    round_ = document["rounds"][-1]
    document["state"], round_["stage"] = "approved", len(round_["stages"]) - 1
    for ask in round_["asks"]:
        vote = {"person": "ann", "route": ask["route"], "card": round_["card"], "at": 1}
        round_["votes"] = [{**vote, "note": None, "on_behalf_of": None, "escalated_from": None}]


def state(document: dict[str, Any]) -> None:
    document["state"] = "auto"


def asks_gone(document: dict[str, Any]) -> None:
    document["rounds"][-1]["asks"] = []


def stages_gone(document: dict[str, Any]) -> None:
    document["rounds"][-1]["stages"] = []


def quorum(document: dict[str, Any]) -> None:
    document["rounds"][-1]["asks"][0]["quorum"] = "all"


def timeout_approves(document: dict[str, Any]) -> None:
    document["rounds"][-1]["asks"][0] |= {"timeout_at": 5, "then": "approve"}


def preview(document: dict[str, Any]) -> None:
    document["rounds"][-1]["preview"]["fields"][0]["new"] = "5.00 USD"


def target(document: dict[str, Any]) -> None:
    document["rounds"][-1]["preview"]["target"]["id"] = "ch_3"


def amount(document: dict[str, Any]) -> None:
    document["rounds"][-1]["action"]["params"]["amount"] = "1.00 USD"


def requester(document: dict[str, Any]) -> None:
    document["requester"] = document["owner"] = "cat"


def attempts(document: dict[str, Any]) -> None:
    document["attempts"] = []


def receipt(document: dict[str, Any]) -> None:
    document["attempts"][-1]["receipt"]["target"]["id"] = "ch_2"


def undo(document: dict[str, Any]) -> None:
    document["undo"]["target"]["id"] = "ch_2"


def remark(document: dict[str, Any]) -> None:
    document["remarks"] = [{"by": "ann", "at": 1, "kind": "comment", "text": "do it"}]


WAITING = (approved, state, asks_gone, stages_gone, quorum, timeout_approves, preview, target,
           amount, requester, remark)  # fmt: skip
READY = (asks_gone, stages_gone, preview, target, amount, requester, remark, state)
OVER = (receipt, attempts, requester, target, preview, remark)


# --- people


def test_nobody_answers_what_was_edited(world: World) -> None:
    run = world.propose()
    gate, note = world.gate, "no"
    answers: tuple[Callable[[], object], ...] = (
        lambda: gate.approve(run.id, by="ann", card=run.card),
        lambda: gate.reject(run.id, by="ann", note=note),
        lambda: gate.request_changes(run.id, by="ann", note=note),
        lambda: gate.take_over(run.id, by="ann"),
        lambda: gate.cancel(run.id, by="ann"),
        lambda: gate.comment(run.id, by="ann", text="well"),
        lambda: gate.revise(run.id, refund("76.00 USD", "ch_1"), by="refund-bot"),
        lambda: gate.branch(run.id, refund("76.00 USD", "ch_1"), by="ann"),
    )
    entries = len(gate.trail(run.id))
    for edit in WAITING:
        with forged(world, run, edit):
            for answer in answers:
                with pytest.raises(EditedRun) as caught:
                    answer()
                assert caught.value.code == "edited_run"
                assert run.id in caught.value.message
    assert len(gate.trail(run.id)) == entries
    assert len(gate.listed(list(State))) == 1  # nor did a branch begin
    assert world.approve(run).state is State.APPROVED
    assert report(world).is_good


def test_an_edited_run_is_not_erased(world: World) -> None:
    run = world.gate.reject(world.propose().id, by="ann", note="no")
    world.now += 100 * 24 * HOUR
    with forged(world, run, requester), pytest.raises(EditedRun):
        world.gate.erase(run.id, by="ann", because="Request 17")
    assert world.gate.erase(run.id, by="ann", because="Request 17").payloads
    world.now += 1
    world.gate.comment(run.id, by="ann", text="done")  # what erasing left is what the next finds
    with forged(world, run, requester), pytest.raises(EditedRun):
        world.gate.comment(run.id, by="ann", text="and again")


def test_a_timer_of_an_edited_run_does_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    run, other = world.propose(), world.propose(charge="ch_2")
    forge(world, run, timeout_approves)
    with world.gate.desk.database.transaction() as connection:
        connection.execute(update(t.timers).where(t.timers.c.run == run.id).values(due_at=0))
    world.now += 5 * HOUR
    world.worker.drain()
    assert world.gate.run(other.id).round.asks[0].name == "finance"
    assert world.gate.run(run.id).state is State.PENDING
    assert world.ledger.effects() == 0
    assert caplog.messages
    assert all(f"run `{run.id}` was edited by somebody" in one for one in caplog.messages)


# --- workers


def test_what_was_edited_is_not_claimed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    run, good = world.approve(world.propose()), world.propose("20.00 USD", "ch_2")
    for edit in READY:
        caplog.clear()
        with forged(world, run, edit):
            world.worker.drain()
            found = row_of(world, run)
            assert (found["fence"], found["claimed_by"], found["ready_at"]) == (
                0, None, world.now + HOUR)  # fmt: skip
            (told,) = caplog.messages
            assert f"run `{run.id}` was edited by somebody: its row is not what" in told
    assert world.ledger.effects("ch_1") == 0
    assert world.gate.run(good.id).state is State.DONE  # it kept no other waiting
    assert world.work(run).state is State.DONE  # the row is as it was
    assert world.ledger.effects("ch_1") == 1


def test_an_approval_that_nobody_gave_carries_nothing_out(world: World) -> None:
    run = world.propose()
    with forged(world, run, approved, ready_at=0):
        for _ in range(3):
            world.worker.drain()
            world.now += 2 * HOUR
        assert world.ledger.effects() == 0
        assert [entry["kind"] for entry in world.gate.trail(run.id)] == ["proposed", "decided"]


def test_what_is_edited_after_its_claim_is_not_carried_out(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Right before the write: the worker has previewed it once more, and begins its attempt."""
    run, plain = world.approve(world.propose()), Ledger.preview
    for edit in READY:
        before = row_of(world, run)

        def look(ledger: Ledger, action: Any, edit: Edit = edit) -> Any:
            forge(world, run, edit)
            return plain(ledger, action)

        monkeypatch.setattr(Ledger, "preview", look)
        caplog.clear()
        world.worker.drain()
        assert world.ledger.effects() == 0
        assert row_of(world, run)["ready_at"] == world.now + HOUR
        assert any(f"run `{run.id}` was edited by somebody" in one for one in caplog.messages)
        assert "executing" not in [entry["kind"] for entry in world.gate.trail(run.id)]
        assert ("runs", run.id) in {(one.table, one.row) for one in report(world).findings}
        put(world, run, **{name: before[name] for name in before if name != "id"})
    monkeypatch.setattr(Ledger, "preview", plain)
    assert world.work(run).state is State.DONE


def test_what_is_edited_during_its_write_is_not_vouched_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plain = world.approve(world.propose()), Ledger.execute

    def write(ledger: Ledger, *given: Any) -> Any:
        done = plain(ledger, *given)
        forge(world, run, amount)
        return done

    monkeypatch.setattr(Ledger, "execute", write)
    world.worker.drain()
    assert [entry["kind"] for entry in world.gate.trail(run.id)][-1] == "executing"
    assert ("runs", run.id) in {(one.table, one.row) for one in report(world).findings}
    forge(world, run, lambda d: d["rounds"][-1]["action"]["params"].update(amount="75.00 USD"))
    world.now += 2 * HOUR
    assert world.work(run).state is State.DONE  # whoever looks again finds out that it was done
    assert world.ledger.effects() == 1
    assert report(world).is_good


# --- taking back


def test_what_was_edited_is_not_taken_back(world: World) -> None:
    run = world.work(world.approve(world.propose()))
    for edit in OVER:
        with forged(world, run, edit), pytest.raises(EditedRun):
            world.gate.compensate(run.id, by="bob")
    assert len(world.gate.listed(list(State))) == 1
    back = world.approve(world.gate.compensate(run.id, by="bob"))
    for edit in OVER:
        with forged(world, run, edit):
            world.worker.drain()
            assert world.gate.run(back.id).state is State.APPROVED
            world.now += 2 * HOUR
    for edit in (undo, requester):
        with forged(world, back, edit):
            world.worker.drain()
    assert world.ledger.effects() == 1
    world.now += 2 * HOUR
    world.worker.drain()
    assert world.gate.run(run.id).state is State.COMPENSATED
    assert report(world).is_good


# --- every value


def values(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the paths of all scalars, and of what is empty."""
    places: dict[Any, Any] = (
        dict(node) if hasattr(node, "keys") else dict(enumerate(list[Any](node)))
    )
    for key, part in places.items():
        if part and not isinstance(part, str | int | float):
            yield from values(part, (*path, key))
        else:
            yield (*path, key)


def flip(document: dict[str, Any], path: tuple[Any, ...]) -> None:
    *way, last = path
    node: Any = document
    for key in way:
        node = node[key]
    value = node[last]
    if isinstance(value, bool):
        node[last] = not value
    elif isinstance(value, int | float):
        node[last] = value + 1
    elif isinstance(value, str):
        node[last] = value + "x"
    else:  # None, or empty
        node[last] = 1 if value is None else [1]


def test_no_value_of_a_run_is_edited_unseen(world: World) -> None:
    """One by one, in runs in several states; only what claims change is nobody's."""
    done = world.work(world.approve(world.propose(), "ann"))
    world.gate.comment(done.id, by="ann", text="well")
    states = (world.gate.run(done.id), world.propose(charge="ch_2"), world.propose("20.00 USD"))
    database, unseen = world.gate.desk.database, set[str]()
    with database.transaction() as connection:
        for run in states:
            body = str(connection.scalar(select(t.runs.c.body).where(t.runs.c.id == run.id)))
            here = update(t.runs).where(t.runs.c.id == run.id)
            paths = list(values(json.loads(body)))
            assert len(paths) > 60
            for path in paths:
                document = json.loads(body)
                flip(document, path)
                connection.execute(here.values(body=json.dumps(document)))
                try:
                    runs.held(connection, run.id)
                    unseen.add(".".join(map(str, path)))
                except DamagedRun:
                    pass
            connection.execute(here.values(body=body))
            assert runs.held(connection, run.id) == run
    assert unseen == set(OF_CLAIMS)


COLUMNS: dict[str, object] = {
    "state": "approved", "version": 9, "parent": "run_x", "action": "billing.charge", "agent": "x",
    "system": "x", "object": "x", "target": "ch_2", "proposed_at": 1, "updated_at": 2**62,
    "idempotency_key": "x", "ready_at": 0, "claimed_by": "w1", "fence": 9,
}  # fmt: skip


def test_no_column_beside_a_run_has_it_carried_out(world: World) -> None:
    """They find runs; what becomes of one goes by its document alone."""
    run = world.propose()
    before = row_of(world, run)
    assert COLUMNS.keys() == before.keys() - {"id", "body"}
    for name, value in COLUMNS.items():
        put(world, run, **{name: value, "ready_at": 0})
        world.worker.drain()
        assert world.ledger.effects() == 0, name
        named = {(one.table, one.row, one.column) for one in report(world).findings}
        assert (("runs", run.id, name) in named) == (name != "claimed_by")
        assert world.gate.run(run.id) == run
        put(world, run, **{column: before[column] for column in before if column != "id"})
    assert world.work(world.approve(run)).state is State.DONE
    assert report(world).is_good


def test_the_time_of_a_run_is_that_of_its_last_step(world: World) -> None:
    """A row that says it saw the future opens no window and lets no timeout pass."""
    run = world.propose()
    forge(world, run, lambda d: d.update(updated_at=world.now + 90 * 24 * HOUR))
    world.now += 1
    assert world.approve(run).updated_at == world.now
    forge(world, run, lambda d: d.update(updated_at=world.now + 90 * 24 * HOUR))
    assert world.work(run).state is State.DONE
    assert world.gate.run(run.id).updated_at == world.now


@pytest.mark.parametrize("which", ["first", "last"])
def test_a_key_that_is_there_twice_is_no_way_around(world: World, which: str) -> None:
    """What one reader takes for the value another one may not."""
    run = world.propose()
    body = row_of(world, run)["body"]
    forged_ = '"state":"approved"'
    assert body.count('"state":"pending"') == 1
    one, two = '"state":"pending"', forged_
    if which == "first":
        one, two = two, one
    put(world, run, body=body.replace('"state":"pending"', f"{one},{two}"), ready_at=0)
    with pytest.raises(DamagedRun):
        world.approve(run)
    world.worker.drain()
    assert world.ledger.effects() == 0
    assert ("runs", run.id) in {(one.table, one.row) for one in report(world).findings}


def test_the_row_of_another_run_is_no_row_of_this_one(world: World) -> None:
    """Its trail vouches for it, and for it alone."""
    waits, ready = world.propose(), world.approve(world.propose("80.00 USD", "ch_2"))
    put(world, waits, body=row_of(world, ready)["body"], state="approved", ready_at=0)
    for answer in (world.gate.approve, world.gate.reject):
        more = {"card": ready.card} if answer == world.gate.approve else {"note": "no"}
        with pytest.raises(EditedRun) as caught:
            answer(waits.id, by="ann", **more)
        assert waits.id in caught.value.message
    world.worker.drain()
    assert (world.ledger.effects("ch_1"), world.ledger.effects("ch_2")) == (0, 1)
    assert [entry["kind"] for entry in world.gate.trail(waits.id)] == ["proposed", "decided"]


# --- the past action


def test_a_past_action_that_was_edited_stops_its_run(world: World) -> None:
    run = world.propose()
    database = world.gate.desk.database
    with database.reading() as connection:
        (before,) = connection.execute(select(t.events).where(t.events.c.id == run.id)).mappings()
    smaller = before["body"].replace("75.00", "1.00")
    assert smaller != before["body"]
    here = update(t.events).where(t.events.c.id == run.id)
    with database.transaction() as connection:
        connection.execute(here.values(body=smaller))
    with pytest.raises(EditedRun, match="its past action is not what"):
        world.approve(run)
    assert ("events", run.id) in {(one.table, one.row) for one in report(world).findings}
    with database.transaction() as connection:
        connection.execute(here.values(body=before["body"]))
    world.approve(run)
    with database.transaction() as connection:
        for table in (t.event_keys, t.event_rules):
            connection.execute(delete(table).where(table.c.event == before["number"]))
        connection.execute(delete(t.events).where(t.events.c.id == run.id))
    world.worker.drain()
    assert world.ledger.effects() == 0
    assert world.gate.run(run.id).state is State.APPROVED


def test_an_undoing_with_a_past_action_is_stopped(world: World) -> None:
    """It is no action of its own: nothing of it is counted."""
    run = world.work(world.approve(world.propose()))
    back = world.gate.compensate(run.id, by="bob")
    made_up = (
        "INSERT INTO events (id, action, at, status, shape, body)"
        " SELECT :run, action, at, status, shape, body FROM events LIMIT 1"
    )
    with world.gate.desk.database.transaction() as connection:
        connection.execute(text(made_up), {"run": back.id})
    with pytest.raises(EditedRun, match="its past action"):
        world.approve(back)


# --- the trail itself


def without_rows(world: World, run: Run) -> None:
    """Make the leaves of a run what an older Gatewright wrote."""
    c = t.leaves.c
    with world.gate.desk.database.transaction() as connection:
        found = connection.execute(select(c.number, c.body).where(c.run == run.id)).all()
        for number, body in found:
            leaf = json.loads(body)
            leaf.pop("rows", None)
            old = json.dumps(leaf, sort_keys=True, separators=(",", ":"))
            connection.execute(update(t.leaves).where(c.number == number).values(body=old))


def test_what_an_older_gatewright_left_goes_on(world: World) -> None:
    run = world.propose()
    without_rows(world, run)
    assert world.approve(run).state is State.APPROVED
    with forged(world, run, requester), pytest.raises(EditedRun):  # from its next step on
        world.gate.cancel(run.id, by="ann")
    assert world.work(run).state is State.DONE
    assert report(world).is_good


def test_a_step_of_an_older_gatewright_takes_no_vow_away(world: World) -> None:
    """What was vouched for once is not forgotten with a leaf that says nothing of rows."""
    run = world.propose()
    with world.gate.desk.database.transaction() as connection:
        trail.record(connection, run.id, (Entry("commented", "person", "ann"),), world.now)
    assert world.approve(run).state is State.APPROVED
    with world.gate.desk.database.transaction() as connection:
        trail.record(connection, run.id, (Entry("commented", "person", "ann"),), world.now)
    forge(world, run, requester)
    with pytest.raises(EditedRun):
        world.gate.cancel(run.id, by="ann")


def test_what_became_of_messages_is_no_step(world: World) -> None:
    run = world.propose()
    with world.gate.desk.database.transaction() as connection:
        entry = Entry("message.dead", "system", "worker", {"message": "m"}, {"error": "no"})
        trail.record(connection, run.id, (entry,), world.now)
    assert world.approve(run).state is State.APPROVED


@pytest.mark.parametrize("how", ["gone", "no JSON", "no object", "rows", "at"])
def test_a_run_without_its_trail_takes_no_step(world: World, how: str) -> None:
    run, c = world.approve(world.propose()), t.leaves.c
    with world.gate.desk.database.transaction() as connection:
        if how == "gone":
            connection.execute(delete(t.leaves).where(c.run == run.id))
        else:
            last = select(c.body).where(c.run == run.id).order_by(c.number.desc()).limit(1)
            leaf = json.loads(connection.scalar(last) or "")
            if how in leaf:
                leaf[how] = "x"
            body = {"no JSON": "{", "no object": "[]"}.get(how) or json.dumps(leaf)
            connection.execute(update(t.leaves).where(c.run == run.id).values(body=body))
    with pytest.raises(EditedRun, match="its trail is not what"):
        world.gate.cancel(run.id, by="ann")
    world.worker.drain()
    assert world.ledger.effects() == 0


def test_what_another_wrote_is_not_told_by_a_row_that_was_edited(world: World) -> None:
    """Whose write moved a record is not decided by what somebody made of the other run."""
    run = world.work(world.propose("20.00 USD"))
    other = world.propose("30.00 USD")
    database = world.gate.desk.database

    def others() -> bool:
        with database.reading() as connection:
            return runs.others_wrote(connection, other, run.proposed_at)

    assert others()
    forge(world, run, lambda d: d["attempts"][-1].update(outcome="not_applied"))
    assert others()


def test_who_writes_leaves_too_is_believed_and_stays_in_the_trail(world: World) -> None:
    """What docs/audit.md says cannot be seen beforehand; that nobody answered is named afterwards."""
    run = world.propose()
    forge(world, run, approved, ready_at=0)
    row = row_of(world, run)
    with world.gate.desk.database.transaction() as connection:
        event = select(t.events.c.body).where(t.events.c.id == run.id)
        rows = {
            "state": "approved", "run": run_digest(json.loads(row["body"])),
            "event": event_digest(run.salt, connection.scalar(event) or ""),
        }  # fmt: skip
        trail.record(connection, run.id, (Entry("noted", "system", "x"),), world.now, rows)
    assert world.work(run).state is State.DONE
    assert world.ledger.effects("ch_1") == 1
    findings = report(world).findings
    assert [(one.table, one.column) for one in findings] == [("leaves", None), ("runs", "votes")]
    assert "began the attempt" in findings[0].message


def test_the_last_leaf_is_found_without_reading_the_others(world: World) -> None:
    run = world.propose()
    for number in range(5):
        world.gate.comment(run.id, by="ann", text=str(number))
    database = world.gate.desk.database
    with noted(database) as statements, database.reading() as connection:
        runs.as_left(connection, run.id)
    ((statement, parameters),) = [(s, p) for s, p in statements.items() if "FROM leaves" in s]
    explain = "EXPLAIN" if database.is_postgres else "EXPLAIN QUERY PLAN"
    with database.reading() as connection:
        if database.is_postgres:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
        plan = [str(row[-1]) for row in rows]
    assert any("leaves_by_run" in line for line in plan), plan
    assert not any("sort" in line.lower() or "b-tree" in line.lower() for line in plan), plan
