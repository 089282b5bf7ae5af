"""A history in the database answers as one in memory: same values, same errors."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from gatewright.dsl.policy import Package
from gatewright.engine.canonical import exact_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.event import Event, Status
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query
from gatewright.engine.history.where import lasting
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.runtime.store import asking, forms, looking, schema
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.events import blank, forget, number_of, put, read_event
from gatewright.engine.runtime.store.forms import UNITS
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.runtime.store.tallies import Added, added, different_texts
from gatewright.engine.values import Money, Timestamp
from tests.engine.history.test_indexes import (
    EVENT,
    KEYS,
    NOW,
    PACKAGES,
    PLAIN_PARAMS,
    outcome,
    package,
    past,
    scope_of,
)  # fmt: skip

VALUES: dict[str, list[Any]] = {
    "customer": ["C", "é"], "agent": ["bot", "b\u0301ot"], "note": ["out", "a"], "n": [1, 2],
    "x": [1, True, "1"],
}  # fmt: skip
TABLES = (
    schema.event_keys, schema.event_rules, schema.events, schema.event_forms, schema.event_shapes,
)  # fmt: skip


def from_json(event: Event) -> Event | None:
    """Return an event as a line of JSON carries it; None where none can."""
    try:
        return Event.from_dict(read_json(exact_json(event.to_dict())))
    except (ActionError, EvaluationError):
        return None


def ask(store: HistoryStore, query: Query) -> list[object]:
    return [
        outcome(lambda: store.count(query)), outcome(lambda: store.sum(query)),
        outcome(lambda: store.last(query)), outcome(lambda: store.distinct(query)),
    ]  # fmt: skip


def looked_at(events: list[Event], query: Query) -> list[object]:
    """Return what `ask` gives of a store that looks at each event."""
    return [
        outcome(lambda: answers.count(events, query)),
        outcome(lambda: answers.total(events, query)),
        outcome(lambda: answers.last(events, query)),
        outcome(lambda: answers.distinct(events, query)),
    ]


def refunds_of(policy: Package, **parts: Any) -> Query:
    """Return a query about a package's history, as conditions make it."""
    declared = policy.histories["refunds"]
    where = lasting(declared, scope_of(policy))
    assert where is not None
    query = Query(
        history=declared.qualified, actions=declared.actions, record=declared.record,
        now=Timestamp(NOW), holds=where.holds, where=where,
    )  # fmt: skip
    return replace(query, **parts)


def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let whoever looks for events to look at fail, and note the texts of events that are read."""
    read: list[str] = []

    def event_of(body: str) -> Event:
        read.append(body)
        return Event.from_dict(read_json(body))

    monkeypatch.setattr(looking, "candidates", None)
    monkeypatch.setattr(asking, "read_event", event_of)
    return read


def test_an_index_answers_what_texts_the_status_and_amounts_tell(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = refunds_of(
        PACKAGES[1], within_nanos=100, keys=(("customer", "C"),), field="amount", exclude_id="a-9"
    )
    with database.transaction() as connection:
        for number in range(11):
            amount = f"{number}.{number:03} USD"
            put(connection, past(number, NOW - number, {**PLAIN_PARAMS, "amount": amount}))
        put(connection, past(11, NOW, {"customer": "C", "amount": "1 EUR"}, status="blocked"))
        put(connection, past(12, NOW, {"customer": "D", "amount": "1 EUR"}))
        read = nobody_looks(monkeypatch)
        store = StoreHistory(connection)
        assert store.count(query) == 10
        assert store.sum(query) == Money(Decimal("46.046"), "USD")
        assert store.distinct(replace(query, field="customer")) == 1
        assert store.distinct(replace(query, field="agent")) == 0
        assert not read
        last = store.last(query)
        assert last is not None
        assert last.id == "a-0"
        assert len(read) == 1


def test_an_outcome_and_what_is_taken_out_change_what_is_added(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = refunds_of(PACKAGES[1], keys=(("customer", "C"),), field="amount")
    with database.transaction() as connection:
        for number in range(4):
            put(connection, past(number, NOW, PLAIN_PARAMS, status="pending"))
        read = nobody_looks(monkeypatch)
        store = StoreHistory(connection)
        assert (store.count(query), store.sum(query)) == (4, Money(Decimal(20), "USD"))
        put(connection, past(1, NOW, PLAIN_PARAMS, status="executed"))
        put(connection, past(2, NOW, PLAIN_PARAMS, status="rejected"))
        assert (store.count(query), store.sum(query)) == (3, Money(Decimal(15), "USD"))
        forget(connection, "a-0")
        assert (store.count(query), store.sum(query)) == (2, Money(Decimal(10), "USD"))
        assert not read


def test_agreement_is_that_of_a_history_in_memory(database: Database) -> None:
    memory = History()
    with database.transaction() as connection:
        for number, status in enumerate(("executed", "rejected", "pending", "executed")):
            event = past(
                number, NOW + 5 * (number == 3), PLAIN_PARAMS, status=status, decided_by="ann",
                rules=("p.r",),
            )  # fmt: skip
            memory.append(event)
            put(connection, event)
        asked = AgreementQuery("p.r", Timestamp(NOW), 30)
        assert StoreHistory(connection).agreement(asked) == memory.agreement(asked) == 1 / 2
        recorded = StoreHistory(connection, without="a-1", recorded=True)
        assert recorded.agreement(asked) == 1.0


def test_nothing_of_an_amount_is_left_where_it_was_blanked(database: Database) -> None:
    query = refunds_of(PACKAGES[1], keys=(("agent", "bot"),), field="amount")
    with database.transaction() as connection:
        put(connection, past(1, NOW, {"customer": "C", "amount": "5.37 USD"}, agent="bot"))
        blank(connection, "a-1")
        units = connection.execute(select(*UNITS)).all()
        store = StoreHistory(connection)
        assert {cell for row in units for cell in row} == {None}
        assert store.count(query) == 1
        with pytest.raises(EvaluationError, match="not of type money"):
            store.sum(query)


def test_currencies_without_end_do_not_fill_the_table_of_forms(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_OF_A_SHAPE", 3)
    query = refunds_of(PACKAGES[0], keys=(("customer", "C"),), field="amount")
    with database.transaction() as connection:
        for number in range(40):  # as many places: each is another form
            amount = f"{number}.{'0' * (number % 20)}1 USD"
            put(connection, past(number, NOW, {"customer": "C", "amount": amount}))
        kept = connection.scalar(select(func.count()).select_from(schema.event_forms))
        events = [read_event(body) for body in connection.scalars(select(schema.events.c.body))]
        assert kept == 4
        assert ask(StoreHistory(connection), query) == looked_at(events, query)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(EVENT, max_size=8), st.data())
def test_answers_are_those_of_a_history_in_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch, events: list[Event], data: st.DataObject
) -> None:
    monkeypatch.setattr(looking, "_PAGE", 3)
    memory = History()
    with database.transaction() as connection:
        for table in TABLES:
            connection.execute(delete(table))
        for raw in events:
            event = from_json(raw)
            if event is None:
                continue
            try:
                memory.append(event)
            except ActionError:
                with pytest.raises(ActionError):
                    put(connection, event)
            else:
                put(connection, event)
        store = StoreHistory(connection)
        for _ in range(4):
            policy = data.draw(st.sampled_from(PACKAGES))
            declared = policy.histories["refunds"]
            names = data.draw(st.sampled_from(KEYS))
            where = lasting(declared, scope_of(policy))
            assert where is not None
            query = Query(
                history=declared.qualified,
                actions=declared.actions,
                record=declared.record,
                now=Timestamp(NOW),
                within_nanos=data.draw(st.sampled_from([None, 0, 5, 10, 30])),
                keys=tuple((n, data.draw(st.sampled_from(VALUES[n]))) for n in sorted(names)),
                field=data.draw(st.sampled_from(["amount", "n", "note", "customer", "x"])),
                exclude_id=data.draw(st.sampled_from([None, "a-1"])),
                holds=where.holds,
                where=where,
            )
            assert ask(store, query) == ask(memory, query)
        asked = AgreementQuery("p.r", Timestamp(NOW), 30)
        assert store.agreement(asked) == memory.agreement(asked)


LONG = "9" * 58
AMOUNTS = st.sampled_from(
    [
        "5 USD",
        "0.10 USD",
        "-3.125 USD",
        f"{LONG} USD",
        f"-{LONG}.5 USD",
        f"0.{LONG} USD",
        "7 EUR",
        "92233720368547758.07 USD",
        "-92233720368547758.07 USD",
        "92233720368547758.08 USD",
        "0.000000000000000001 USD",
        "0.0000000000000000001 USD",
        "5.00 USD",
        "1200 JPY",
    ]
)  # fmt: skip
STREAM = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["C", "C", "D"]),
        "amount": st.one_of(st.just("5 USD"), AMOUNTS),
        "note": st.sampled_from(["a", "A", "e\u0301", "nul\0", "é", None]),
        "n": st.sampled_from([None, 1, -2, 2**62, -(2**63), "1"]),
        "d": st.sampled_from([None, "0.00", "0.1", "-2.50", LONG, f"0.{LONG}", "1e50"]),
        "f": st.sampled_from([None, 0.1, 1e308, -1e308, 5e-324]),
        "x": st.sampled_from([None, "1", "2", 1, True, "nul\0"]),
        "t": st.sampled_from([None, "1h", "-30s", "2562047h"]),
    }
)
EDGES = [-(2**65), -(2**63), NOW - 9, NOW - 1, NOW, NOW + 1, 2**63, 2**67]
STREAMS = st.lists(
    st.builds(
        past, st.integers(1, 60), st.sampled_from([*[NOW - 3, NOW - 2] * 3, *EDGES]), STREAM,
        status=st.sampled_from(["executed", "executed", "pending", "failed", "blocked"]),
        agent=st.sampled_from(["bot", None]),
    ),
    max_size=24,
)  # fmt: skip
OF_STATUS = [
    package(where)
    for where in (
        "",
        'status in ["executed", "pending"]',
        '(status == "failed" ? 1 / 0 : 1) == 1',  # errs where something failed
    )
]


KEYED: list[tuple[tuple[str, str], ...]] = [
    (), (("customer", "C"),), (("customer", "D"),), (("customer", "E"),), (("agent", "bot"),),
    (("agent", "bot"), ("customer", "C")), (("action", "billing.refund"),),
]  # fmt: skip
FIELDS = ["amount", "amount", "customer", "n", "d", "f", "note", "x", "t", "id", "agent"]


def notes_paths(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what ways the answers to sums and to differences take."""
    taken = Counter[str]()

    def noted_sum(*arguments: Any) -> Added | None:
        found = added(*arguments)
        way = "read" if found is None else "partly" if found.unread else "added"
        taken[way if found is None or found.sums or found.unread else "nothing"] += 1
        return found

    def noted_texts(*arguments: Any) -> int | None:
        found = different_texts(*arguments)
        taken["gathered" if found is None else "told apart" if found else "none"] += 1
        return found

    monkeypatch.setattr(asking, "added", noted_sum)
    monkeypatch.setattr(asking, "different_texts", noted_texts)
    return taken


def test_what_sql_adds_is_what_a_look_at_each_event_gives(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = notes_paths(monkeypatch)
    # Few examples take every way only where they are always the same ones.
    is_few = settings().max_examples < 1_000

    @settings(suppress_health_check=[HealthCheck.too_slow], derandomize=is_few, database=None)
    @given(STREAMS, st.data())
    def is_alike(events: list[Event], data: st.DataObject) -> None:
        with database.transaction() as connection:
            kept = recorded_in(connection, events, data)
            for _ in range(6):
                query = refunds_of(
                    data.draw(st.sampled_from(OF_STATUS)),
                    now=Timestamp(data.draw(st.sampled_from([NOW, NOW - 2, 2**67]))),
                    within_nanos=data.draw(st.sampled_from([None, 1, 5, 2**66])),
                    keys=data.draw(st.sampled_from(KEYED)),
                    field=data.draw(st.sampled_from(FIELDS)),
                    exclude_id=data.draw(st.sampled_from([None, *kept])),
                )
                recorded = data.draw(st.booleans())
                before = data.draw(st.sampled_from([None, *kept]))
                seen = [
                    replace(e, at=query.now) if recorded and e.at > query.now else e
                    for e in kept.values()
                ]
                if before is not None:
                    seen = seen[: [*kept].index(before)]
                number = None if before is None else number_of(connection, before)
                store = StoreHistory(connection, recorded=recorded, before=number)
                assert ask(store, query) == looked_at(seen, query)

    is_alike()
    assert taken.keys() >= {"added", "partly", "told apart", "gathered"}


def recorded_in(
    connection: Connection, events: list[Event], data: st.DataObject
) -> dict[str, Event]:
    """Record events, later outcomes of some, and take some out; return those that are there."""
    kept: dict[str, Event] = {}
    for table in TABLES:
        connection.execute(delete(table))
    for raw in events:
        event = from_json(raw)
        if event is not None and event.id not in kept:
            kept[event.id] = put(connection, event)
    for name in data.draw(st.lists(st.sampled_from([*kept]), max_size=4)) if kept else []:
        status: Status | None = data.draw(st.sampled_from([None, "executed", "failed", "rejected"]))
        if status is None:
            forget(connection, name)
            kept.pop(name, None)
        elif name in kept:
            kept[name] = put(connection, replace(kept[name], status=status))
    return kept
