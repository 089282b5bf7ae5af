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
from tests.engine.history.test_indexes import EVENT, KEYS, NOW, PACKAGES, outcome, scope_of

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
