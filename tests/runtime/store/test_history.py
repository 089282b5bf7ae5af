"""A history in the database answers as one in memory: same values, same errors."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gatewright.engine.canonical import exact_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import AgreementQuery, Event, History, Query
from gatewright.engine.history import query as answers
from gatewright.engine.history.condition import lasting
from gatewright.engine.history.query import HistoryStore
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.runtime.store import history, schema
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.events import put
from gatewright.engine.runtime.store.history import StoreHistory
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


def test_a_count_by_texts_and_the_status_looks_at_one_event_of_a_status(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = PACKAGES[1].histories["refunds"]
    where = lasting(declared, scope_of(PACKAGES[1]))
    assert where is not None
    assert where.fields == {"status"}
    seen: list[Event] = []

    def holds(event: Event) -> bool:
        seen.append(event)
        return where.holds(event)

    query = Query(
        history=declared.qualified, actions=declared.actions, record=declared.record,
        now=Timestamp(NOW), within_nanos=10, keys=(("customer", "C"),), exclude_id="a-9",
        holds=holds, where=where,
    )  # fmt: skip
    memory = History()
    with database.transaction() as connection:
        for number in range(10):
            event = past(number, NOW - number, PLAIN_PARAMS)
            memory.append(event)
            put(connection, event)
        store = StoreHistory(connection)
        expected = memory.count(query)
        seen.clear()
        monkeypatch.setattr(store, "candidates", None)
        assert store.count(query) == expected == 9
    assert [event.id for event in seen] == ["a-0"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(EVENT, max_size=8), st.data())
def test_answers_are_those_of_a_history_in_memory(
    database: Database, events: list[Event], data: st.DataObject
) -> None:
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
    ["5 USD", "0.10 USD", "-3.125 USD", f"{LONG} USD", f"-{LONG}.5 USD", f"0.{LONG} USD", "7 EUR"]
)
STREAM = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["C", "C", "D"]),
        "amount": st.one_of(st.just("5 USD"), AMOUNTS),
        "note": st.sampled_from(["a", "A", "nul\0", "é", None]),
        "n": st.sampled_from([None, 1, -2, 2**62, "1"]),
        "d": st.sampled_from([None, "0.00", "0.1", "-2.50", LONG, f"0.{LONG}", "1e50"]),
        "f": st.sampled_from([None, 0.1, 1e308, -1e308, 5e-324]),
        "x": st.sampled_from([None, "1", "2", 1, True, "nul\0"]),
        "t": st.sampled_from([None, "1h", "-30s"]),
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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STREAMS, st.data())
def test_what_sql_gathers_is_what_a_look_at_each_event_gives(
    database: Database, events: list[Event], data: st.DataObject
) -> None:
    kept: dict[str, Event] = {}
    with database.transaction() as connection:
        for table in TABLES:
            connection.execute(delete(table))
        for raw in events:
            event = from_json(raw)
            if event is not None and event.id not in kept:
                kept[event.id] = event
                put(connection, event)
        for _ in range(6):
            policy = data.draw(st.sampled_from(OF_STATUS))
            declared = policy.histories["refunds"]
            where = lasting(declared, scope_of(policy))
            assert where is not None
            customer = (("customer", data.draw(st.sampled_from(["C", "D", "E"]))),)
            query = Query(
                history=declared.qualified,
                actions=declared.actions,
                record=declared.record,
                now=Timestamp(data.draw(st.sampled_from([NOW, NOW - 2, 2**67]))),
                within_nanos=data.draw(st.sampled_from([None, 1, 5, 2**66])),
                keys=data.draw(st.sampled_from([(), customer, (("agent", "bot"),)])),
                field=data.draw(st.sampled_from(["amount", "n", "d", "f", "note", "x", "t", "id"])),
                exclude_id=data.draw(st.sampled_from([None, *kept])),
                holds=where.holds,
                where=where,
            )
            recorded = data.draw(st.booleans())
            seen = [
                replace(e, at=query.now) if recorded and e.at > query.now else e
                for e in kept.values()
            ]
            store = StoreHistory(connection, recorded=recorded)
            assert ask(store, query) == looked_at(seen, query)


def test_sums_and_the_last_look_at_no_event_whose_amount_is_a_text(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = PACKAGES[1].histories["refunds"]
    where = lasting(declared, scope_of(PACKAGES[1]))
    assert where is not None
    query = Query(
        history=declared.qualified, actions=declared.actions, record=declared.record,
        now=Timestamp(NOW), within_nanos=100, keys=(("customer", "C"),), field="amount",
        holds=where.holds, where=where,
    )  # fmt: skip
    with database.transaction() as connection:
        for number in range(10):
            put(connection, past(number, NOW - number, {**PLAIN_PARAMS, "amount": f"{number} USD"}))
        put(connection, past(10, NOW, {"customer": "C", "amount": "1 EUR"}, status="blocked"))
        store = StoreHistory(connection)
        read: list[str] = []

        def event_of(body: str) -> Event:
            read.append(body)
            return Event.from_dict(read_json(body))

        monkeypatch.setattr(store, "candidates", None)
        monkeypatch.setattr(history, "_event", event_of)
        assert store.sum(query) == Money(Decimal(45), "USD")
        assert store.distinct(query) == 10
        assert not read
        last = store.last(query)
        assert last is not None
        assert last.id == "a-0"
        assert len(read) == 1
