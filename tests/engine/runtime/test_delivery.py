"""Messages reach notifiers: each at least once, in order, whatever goes wrong with another."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Table, func, select

from gatewright.configuration import Configuration, ConfigurationError, open_gate, read
from gatewright.connectors.people.lines import LinesNotifier
from gatewright.connectors.people.webhook import WebhookNotifier
from gatewright.engine.load import load_source
from gatewright.engine.runtime.delivery import KEPT_FOR, MAX_ATTEMPTS, SECOND, TOLD_FOR, delay
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.notifying import NotifierError, Undeliverable
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import messages, payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.trail import told
from gatewright.engine.runtime.worker import Worker
from tests.conftest import ROOT
from tests.engine.runtime.inbox import Event, Inbox, raising
from tests.engine.runtime.world import HOUR, World, refund, refunds

SHORT = ["run.auto", "run.executing", "run.done"]
WAY = ["run.pending", "route.asked", "run.approved", "run.executing", "run.done"]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def other() -> Inbox:
    return Inbox("other")


@pytest.fixture
def world(database_url: str, tmp_path: Path, inbox: Inbox, other: Inbox) -> Iterator[World]:
    with World(database_url, tmp_path, notifiers=[inbox, other]).opened() as world:
        yield world


def count(world: World, table: Table) -> int:
    with world.gate.desk.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def leaves(world: World, kind: str) -> list[dict[str, object]]:
    with world.gate.desk.database.reading() as connection:
        c = t.leaves.c
        rows = connection.execute(select(c.run, c.body).where(c.kind == kind)).all()
        return [told(json.loads(body), payloads.contents(connection, run)) for run, body in rows]


def done(world: World, charge: str = "ch_1") -> Run:
    """Let one refund go all its way."""
    return world.work(world.approve(world.propose("75.00 USD", charge)))


# --- what is told


def test_everything_is_told_once_and_in_order(world: World, inbox: Inbox, other: Inbox) -> None:
    run = done(world)
    assert inbox.types(run.id) == other.types(run.id) == WAY
    assert len(set(inbox.ids)) == len(WAY)
    assert inbox.ids == other.ids
    world.worker.drain()
    assert len(inbox.events) == len(WAY)


def test_a_message_is_a_cloudevent(world: World, inbox: Inbox) -> None:
    run = world.propose()
    world.worker.drain()
    asked = inbox.events[1]
    data = asked["data"]
    assert {**asked, "id": None, "data": None} == {
        "specversion": "1.0", "id": None, "source": "gatewright", "type": "gatewright.route.asked",
        "subject": run.id, "time": "2026-11-18T11:06:40Z", "datacontenttype": "application/json",
        "data": None,
    }  # fmt: skip
    assert data == {
        "run": run.id, "state": "pending", "action": "billing.refund", "card": run.card,
        "to": ["ann", "bob", "fay", "gus"], "route": "shop.refunds.manager",
        "late_at": "2026-11-18T13:06:40Z", "timeout_at": "2026-11-18T15:06:40Z",
    }  # fmt: skip


def test_no_secret_is_told(world: World, inbox: Inbox) -> None:
    text = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")
    field = "reason?: string(max: 500)"
    world.policy = load_source(text.replace(field, f"@secret {field}"))
    world.gate.desk.seal = Fernet(Fernet.generate_key())
    action = refund("75.00 USD", "ch_1")
    action["params"] = {"customer": "C", "amount": "75.00 USD", "reason": "hunter2"}
    run = world.gate.propose(action)
    world.work(world.approve(run))
    assert inbox.types(run.id) == WAY
    assert "hunter2" not in json.dumps(inbox.events)
    with world.gate.desk.database.reading() as connection:
        assert not [b for b in connection.scalars(select(t.outbox.c.body)) if "hunter2" in b]


def test_a_timer_is_told(world: World, inbox: Inbox) -> None:
    run = world.propose()
    world.now += 4 * HOUR
    world.worker.drain()
    assert inbox.types(run.id) == [*WAY[:2], "route.reminder", "route.late", "route.asked"]


def test_what_came_before_the_notifier_is_told_when_it_comes(
    database_url: str, tmp_path: Path, inbox: Inbox
) -> None:
    with World(database_url, tmp_path).opened() as world:
        run = done(world)
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        world.worker.drain()
    assert inbox.types(run.id) == WAY


# --- what goes wrong


def test_a_failure_is_tried_again_later_and_later(world: World, inbox: Inbox) -> None:
    inbox.before = raising(NotifierError("the line is busy"), times=3)
    run = world.propose()
    waited = 0
    for attempt in (1, 2, 3):
        world.worker.drain()
        assert inbox.events == []
        world.now += delay(attempt) - 1
        world.worker.drain()
        assert inbox.events == []
        world.now += 1
        waited += delay(attempt)
    world.worker.drain()
    assert inbox.types(run.id) == WAY[:2]
    assert waited == 21 * 1_000_000_000
    assert leaves(world, "message.dead") == []


def test_one_that_fails_keeps_no_other_waiting(world: World, inbox: Inbox, other: Inbox) -> None:
    inbox.before = raising(NotifierError("gone"))
    run = done(world)
    for attempt in range(1, MAX_ATTEMPTS):
        world.now += delay(attempt)
        world.worker.drain()
    assert inbox.events == []
    assert other.types(run.id) == WAY


def test_later_messages_of_a_run_wait_for_the_first(world: World, inbox: Inbox) -> None:
    inbox.before = raising(NotifierError("busy"), times=1)
    first, second = world.propose(), world.propose(charge="ch_2")
    world.worker.drain()
    assert inbox.events == []
    world.now += delay(1)
    world.worker.drain()
    assert inbox.types(first.id) == inbox.types(second.id) == WAY[:2]


def test_a_message_that_one_run_cannot_tell_keeps_no_other_run_waiting(
    world: World, inbox: Inbox
) -> None:
    first, second = world.propose(), world.propose(charge="ch_2")

    def before(event: Event) -> None:
        if event["subject"] == first.id:
            raise NotifierError("not this one")

    inbox.before = before
    for attempt in range(1, 5):
        world.worker.drain()
        world.now += delay(attempt)
    assert inbox.types(second.id) == WAY[:2]
    assert inbox.types(first.id) == []


def test_what_is_told_of_others_makes_no_message_come_sooner(world: World, inbox: Inbox) -> None:
    first, tried = world.propose(), list[int]()

    def before(event: Event) -> None:
        if event["subject"] == first.id:
            tried.append(world.now)
            raise NotifierError("not this one")

    inbox.before = before
    other = world.propose(charge="ch_2")
    for second in range(8):
        world.gate.revise(other.id, refund(f"{75 + second}.00 USD", "ch_2"), by="refund-bot")
        world.worker.drain()
        world.now += SECOND
    gaps = [(late - early) // SECOND for early, late in pairwise(tried)]
    assert len(gaps) == 2
    assert [gap >= delay(number) // SECOND for number, gap in enumerate(gaps, 1)] == [True] * 2
    assert len(inbox.types(other.id)) > 8


def test_after_many_attempts_it_is_dead_and_the_trail_says_so(world: World, inbox: Inbox) -> None:
    inbox.before = raising(NotifierError("the address is unknown"), times=MAX_ATTEMPTS)
    run = world.propose("20.00 USD")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert world.gate.dead_letters() == []
        world.worker.drain()
        world.now += delay(attempt)
    (letter,) = world.gate.dead_letters()
    assert (letter.run, letter.type, letter.notifier, letter.attempts, letter.error) == (
        run.id, "run.auto", "inbox", MAX_ATTEMPTS, "the address is unknown",
    )  # fmt: skip
    (leaf,) = leaves(world, "message.dead")
    assert leaf["run"] == run.id
    assert leaf["body"] == {
        "message": letter.id, "type": "gatewright.run.auto", "notifier": "inbox",
        "attempts": MAX_ATTEMPTS, "error": "the address is unknown",
    }  # fmt: skip
    world.worker.drain()
    assert inbox.types(run.id) == SHORT[1:]


def test_what_can_never_be_told_is_given_up_at_once(world: World, inbox: Inbox) -> None:
    inbox.before = raising(Undeliverable("too long"), times=1)
    run = world.propose()
    world.worker.drain()
    assert inbox.types(run.id) == ["route.asked"]
    assert [letter.attempts for letter in world.gate.dead_letters()] == [1]


def test_a_person_may_have_a_dead_letter_told_after_all(world: World, inbox: Inbox) -> None:
    inbox.before = raising(Undeliverable("too long"), times=1)
    run = world.propose()
    world.worker.drain()
    (letter,) = world.gate.dead_letters()
    for notifier, by in (("other", "ann"), ("inbox", "nobody")):
        with pytest.raises(Refused):
            world.gate.redeliver(letter.id, notifier=notifier, by=by)
    world.gate.redeliver(letter.id, notifier="inbox", by="ann")
    world.worker.drain()
    assert inbox.types(run.id) == ["route.asked", "run.pending"]
    assert world.gate.dead_letters() == []
    assert [leaf["actor"] for leaf in leaves(world, "message.revived")] == [
        {"kind": "person", "id": "ann"}
    ]


def test_what_is_told_after_all_has_its_time_once_more(world: World, inbox: Inbox) -> None:
    """Also where it is older than what is told of itself, and again where that fails at first."""
    inbox.before = raising(Undeliverable("too long"), times=1)
    run = world.propose()
    world.worker.drain()
    (letter,) = world.gate.dead_letters()
    world.now += 2 * TOLD_FOR
    world.gate.redeliver(letter.id, notifier="inbox", by="ann")
    inbox.before = raising(NotifierError("busy"), times=2)
    for attempt in (1, 2, 3):
        Worker(world.gate).drain()  # a new one looks at once for what is too old
        world.now += delay(attempt)
    assert inbox.types(run.id).count("run.pending") == 1

    inbox.before = raising(Undeliverable("too long"), times=1)
    world.work(world.propose(charge="ch_2"))
    (letter,) = world.gate.dead_letters()
    world.gate.redeliver(letter.id, notifier="inbox", by="ann")
    world.now += TOLD_FOR + HOUR
    Worker(world.gate).step()
    assert letter.id in {one.id for one in world.gate.dead_letters()}


def test_a_person_may_leave_a_dead_letter_untold(world: World, inbox: Inbox, other: Inbox) -> None:
    inbox.before = raising(Undeliverable("too long"), times=2)
    other.before = raising(Undeliverable("no"), times=1)
    run = world.propose()
    world.worker.drain()
    ours = world.gate.dead_letters(notifier="inbox")
    assert [letter.type for letter in ours] == ["run.pending", "route.asked"]
    both = world.gate.dead_letters(message=ours[0].id)
    assert {letter.notifier for letter in both} == {"inbox", "other"}
    assert len(world.gate.dead_letters(most=None)) == 3
    for message, notifier, by in (
        (ours[0].id, "inbox", "nobody"), ("\0", "inbox", "ann"), (ours[0].id, "\ud800", "ann"),
    ):  # fmt: skip
        with pytest.raises(Refused):
            world.gate.drop(message, notifier=notifier, by=by)
    assert world.gate.dead_letters(message="\0", notifier="\ud800") == []
    world.gate.drop(ours[0].id, notifier="inbox", by="ann")
    for again in (world.gate.drop, world.gate.redeliver):
        with pytest.raises(Refused, match="given up"):
            again(ours[0].id, notifier="inbox", by="ann")
    assert [letter.notifier for letter in world.gate.dead_letters()] == ["other", "inbox"]
    (leaf,) = leaves(world, "message.dropped")
    assert leaf["body"] == {"message": ours[0].id, "notifier": "inbox"}
    assert leaf["actor"] == {"kind": "person", "id": "ann"}
    world.now += TOLD_FOR + HOUR
    Worker(world.gate).drain()
    assert "route.asked" in inbox.types(run.id)  # of the escalation
    assert "run.pending" not in inbox.types(run.id)


def test_the_text_of_an_unknown_error_is_not_kept(world: World, inbox: Inbox) -> None:
    inbox.before = raising(RuntimeError("https://hooks/secret-token"))
    world.propose()
    world.worker.drain()
    with world.gate.desk.database.reading() as connection:
        errors = set(connection.scalars(select(t.deliveries.c.error)))
    assert errors == {None, "the notifier failed (RuntimeError)"}


def test_a_call_that_hangs_is_cut_off(database_url: str, tmp_path: Path, other: Inbox) -> None:
    hanging, go = Inbox("hanging"), threading.Event()

    def hang(event: Event) -> None:
        go.wait(60)

    hanging.before = hang
    with World(database_url, tmp_path, notifiers=[hanging, other]).opened() as world:
        worker = Worker(world.gate, lease_s=60, call_timeout_s=0.05)
        run = world.propose()
        worker.drain()
        assert other.types(run.id) == WAY[:2]
        assert hanging.events == []
        with world.gate.desk.database.reading() as connection:
            tried = connection.scalars(
                select(t.deliveries.c.attempts).where(t.deliveries.c.notifier == "hanging")
            )
            assert sorted(tried) == [0, 1]  # it rests: the second message was not even begun
        go.set()


def test_a_delivery_that_was_cut_off_is_told_again_with_its_id(world: World, inbox: Inbox) -> None:
    world.propose()
    database = world.gate.desk.database

    def take() -> messages.Delivery | None:
        with database.transaction() as connection:
            messages.register(connection, ["inbox"], world.now)
            messages.spread(connection, world.now, 0)
            return messages.take(connection, ["inbox"], world.now, world.now + 60)

    taken = take()
    assert taken is not None
    assert take() is None
    world.now += 60
    again = take()
    assert again is not None
    assert (again.id, again.attempts) == (taken.id, 2)
    with database.transaction() as connection:  # who came first and lost its claim says nothing
        assert not messages.later(connection, taken, world.now + HOUR, "late")
        assert not messages.bury(connection, taken, world.now, "late")
        messages.delivered(connection, taken, world.now)  # but this is true whoever says it
    world.now += HOUR
    world.worker.drain()
    assert taken.id not in inbox.ids


def test_a_message_that_ends_every_process_is_given_up(world: World, inbox: Inbox) -> None:
    world.propose()
    database = world.gate.desk.database
    with database.transaction() as connection:
        messages.register(connection, ["inbox"], world.now)
        messages.spread(connection, world.now, 0)
    for _ in range(MAX_ATTEMPTS):
        with database.transaction() as connection:
            assert messages.take(connection, ["inbox"], world.now, world.now + 1) is not None
        world.now += 1
    world.worker.drain()
    (letter,) = world.gate.dead_letters()
    assert (letter.type, letter.error) == ("run.pending", "no attempt came to an end")
    assert [event["type"] for event in inbox.events] == ["gatewright.route.asked"]


# --- several workers


def test_workers_with_other_notifiers_share_a_store(
    database_url: str, tmp_path: Path, inbox: Inbox, other: Inbox
) -> None:
    with (
        World(database_url, tmp_path, notifiers=[inbox]).opened() as here,
        World(database_url, tmp_path, notifiers=[other]).opened() as there,
    ):
        there.worker.step()
        run = done(here)
        there.worker.drain()
    assert inbox.types(run.id) == other.types(run.id) == WAY


def test_workers_at_once_tell_each_message_once_and_in_order(
    database_url: str, tmp_path: Path
) -> None:
    inbox = Inbox()
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        runs = [world.propose("20.00 USD", f"ch_{number}") for number in range(1, 6)]
        workers = [Worker(world.gate, name=f"w{number}") for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Worker.drain, workers))
        world.worker.drain()
        ended = [world.gate.run(run.id) for run in runs]
    for run in ended:
        told = inbox.types(run.id)
        assert told == (SHORT if run.state is State.DONE else WAY[:2]), (run.state, told)
    assert len(set(inbox.ids)) == len(inbox.ids)


# --- what is kept


def test_without_notifiers_messages_wait_and_then_go(database_url: str, tmp_path: Path) -> None:
    with World(database_url, tmp_path).opened() as world:
        done(world)
        world.now += KEPT_FOR - HOUR
        Worker(world.gate).drain()
        assert count(world, t.outbox) == len(WAY)
        world.now += 2 * HOUR
        Worker(world.gate).drain()
        assert count(world, t.outbox) == 0


def test_what_was_told_is_forgotten_after_a_while(world: World) -> None:
    done(world)
    assert (count(world, t.outbox), count(world, t.deliveries)) == (len(WAY), 2 * len(WAY))
    world.now += KEPT_FOR + HOUR
    Worker(world.gate).drain()
    assert (count(world, t.outbox), count(world, t.deliveries)) == (0, 0)


def test_what_no_worker_tells_is_given_up_when_it_is_old(
    database_url: str, tmp_path: Path, inbox: Inbox, other: Inbox
) -> None:
    with World(database_url, tmp_path, notifiers=[inbox, other]).opened() as world:
        world.worker.step()
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        run = world.work(world.propose("20.00 USD"))
        assert inbox.types(run.id) == SHORT
        world.now += TOLD_FOR + HOUR
        Worker(world.gate).step()
        assert [(letter.notifier, letter.error) for letter in world.gate.dead_letters()] == [
            ("other", "no notifier took it in time")
        ] * 3
        assert len(leaves(world, "message.dead")) == 3
        later = world.work(world.propose("20.00 USD", "ch_2"))
        assert inbox.types(later.id) == SHORT
        assert count(world, t.deliveries) == 3 + 3 + 3  # `other` was not seen for so long


def test_old_news_is_not_told(database_url: str, tmp_path: Path, inbox: Inbox) -> None:
    with World(database_url, tmp_path).opened() as world:
        world.work(world.propose("20.00 USD"))
    with World(database_url, tmp_path, notifiers=[inbox]).opened() as world:
        world.now += TOLD_FOR + 1
        world.worker.drain()
        assert count(world, t.outbox) == len(SHORT)
    assert inbox.events == []


# --- names


@pytest.mark.parametrize("names", [[""], ["a\nb"], ["n" * 129], ["a", "a"]], ids=str)
def test_a_notifier_has_a_name_of_its_own(tmp_path: Path, names: list[str]) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'gate.db'}")
    with pytest.raises(GateError, match="notifier"):
        Gate(refunds(), store=database, notifiers=[Inbox(name) for name in names])
    database.close()


def configured(folder: Path, *notifiers: str) -> Configuration:
    """Return a configuration with these settings of notifiers."""
    file = folder / "gatewright.toml"
    text = 'policy = "p.gate"\nstore = "sqlite:///gate.db"\n'
    file.write_text(text + "".join(f"[[notifiers]]\n{one}\n" for one in notifiers), "utf-8")
    return read(file)


def test_a_configuration_names_notifiers(tmp_path: Path) -> None:
    found = configured(
        tmp_path,
        'use = "lines"\ntarget = "${HERE}/messages.jsonl"',
        'use = "webhook"\nname = "ops"\nurl = "https://ops.example/hook"\nsecret = '
        '"whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"',
    )
    gate = open_gate(found, refunds())
    gate.close()
    assert {name: type(one) for name, one in gate.desk.notifiers.items()} == {
        "lines": LinesNotifier, "ops": WebhookNotifier,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("notifier", "why"),
    [('use = "line"', "lines"), ('use = "lines"', "target"),
     ('use = "webhook"\nurl = "http://ops.example/"', "https")],
    ids=["unknown", "incomplete", "unsafe"],
)  # fmt: skip
def test_a_notifier_that_cannot_be_made_is_told(tmp_path: Path, notifier: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        open_gate(configured(tmp_path, notifier), refunds())
