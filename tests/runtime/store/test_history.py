"""A history in the database answers as one in memory: same values, same errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gatewright.engine.canonical import exact_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import AgreementQuery, Event, History, Query
from gatewright.engine.history.condition import lasting
from gatewright.engine.history.query import HistoryStore
from gatewright.engine.json_text import read_json
from gatewright.engine.problems import ActionError
from gatewright.engine.runtime.store import schema
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.history import StoreHistory, put
from gatewright.engine.values import Timestamp
from tests.engine.history.test_indexes import (
    EVENT,
    KEYS,
    NOW,
    PACKAGES,
    PLAIN_PARAMS,
    outcome,
    past,
    scope_of,
)  # fmt: skip

VALUES: dict[str, list[Any]] = {
    "customer": ["C", "é"], "agent": ["bot", "b\u0301ot"], "note": ["out", "a"], "n": [1, 2],
    "x": [1, True, "1"],
}  # fmt: skip
TABLES = (schema.event_keys, schema.event_rules, schema.events, schema.event_shapes)


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
