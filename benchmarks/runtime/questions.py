"""Questions to the past of an agent that did little, or very much, in a store of many agents.

Events are kept as the store keeps them, in its own rows; all but a few are written as copies, with
ids, agents, customers, charges and digests of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Connection, Table, insert

from benchmarks.runtime import scene
from benchmarks.runtime.found import Asked
from benchmarks.runtime.stores import settle
from gatewright.engine.canonical import exact_json
from gatewright.engine.history.event import Event, Status
from gatewright.engine.history.query import Query
from gatewright.engine.history.where import lasting
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.events import Keeper, key_rows, put
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.runtime.store.keys import text_digest
from gatewright.engine.values import Map, Timestamp

_Row = dict[str, Any]

NOW: Final = 1_764_000_000_000_000_000
_WINDOW: Final = 30 * 86_400 * 10**9
_OF_ONE: Final = 20
"""So many events of each agent that only fills the store, and of each customer."""
_STATUSES: Final[tuple[Status, ...]] = ("executed", "executed", "pending", "blocked")
_AMOUNTS: Final = tuple(f"{3 + 7 * n}.{10 + 13 * n % 90} USD" for n in range(25))
_BATCH: Final = 10_000


def questions(database: Database, sizes: Sequence[int], whole: int, times: int) -> Iterator[Asked]:
    """Fill a store with so many events, then ask of each size; sizes are of one agent each."""
    _fill(database, _events(sizes, whole))
    settle(database, vacuum=True)
    for size in sizes:
        yield Asked(size, {name: _timed(database, ask, times) for name, ask in asked(size).items()})


def asked(size: int) -> dict[str, Callable[[StoreHistory], object]]:
    """Return what is asked of the agent that did so much, by the name of the question."""
    declared = scene.policy().policy.packages["bench"].histories["refunds"]
    where = lasting(declared)
    assert where is not None
    plain = Query(
        history=declared.qualified, actions=declared.actions, record=declared.record,
        now=Timestamp(NOW), within_nanos=_WINDOW, keys=(("agent", _name(size)),),
        holds=where.holds, where=where,
    )  # fmt: skip
    amounts, customers = replace(plain, field="amount"), replace(plain, field="customer")
    return {
        "count": lambda history: history.count(plain),
        "sum": lambda history: history.sum(amounts),
        "last": lambda history: history.last(plain),
        "distinct": lambda history: history.distinct(customers),
    }


def _timed(database: Database, ask: Callable[[StoreHistory], object], times: int) -> float:
    """Return the median time of a question in microseconds, without that of its transaction."""
    found: list[float] = []
    for _ in range(times + 1):  # the first makes what is made once
        with database.reading() as connection:
            history = StoreHistory(connection, recorded=True)
            start = perf_counter()
            ask(history)
            found.append(1e6 * (perf_counter() - start))
    return median(found[1:])


def _name(size: int) -> str:
    return f"bot-of-{size}"


def _events(sizes: Sequence[int], whole: int) -> Iterator[tuple[str, int]]:
    """Give the agent and the instant of each event."""
    for size in sizes:
        for number in range(size):
            yield _name(size), NOW - (number + 1) * (_WINDOW // (size + 1))
    for number in range(whole - sum(sizes)):
        yield f"bot-{number // _OF_ONE}", NOW - (number * 7_919 % 1_000 + 1) * (_WINDOW // 1_001)


def _fill(database: Database, events: Iterable[tuple[str, int]]) -> None:
    models: list[_Model] = []
    with database.transaction() as connection:
        for status in _STATUSES:
            for amount in _AMOUNTS:
                models.append(_Model(connection, len(models), status, amount))
    numbered = enumerate(events, start=len(models) + 1)
    while batch := list(islice(numbered, _BATCH)):
        rows = [models[number % len(models)].copy(number, *event) for number, event in batch]
        with database.transaction() as connection:
            _insert(connection, t.events, [event for event, _ in rows])
            _insert(connection, t.event_keys, [key for _, keys in rows for key in keys])


class _Model:
    """The rows of one event, of which others are made."""

    def __init__(self, connection: Connection, number: int, status: Status, amount: str) -> None:
        event = _refund(
            f"model-{number}", status, amount, f"model-{number}", "model", NOW - _WINDOW
        )
        put(connection, event)
        self._event = event
        self._shape, self._keys = key_rows(Keeper(connection), number + 1, event)
        self._amount = amount

    def copy(self, number: int, agent: str, at: int) -> tuple[_Row, list[_Row]]:
        """Return the row of another event, and those of its keys."""
        customer = f"C-{number // _OF_ONE}"
        event = _refund(f"run_{number:032x}", self._event.status, self._amount, customer, agent, at)
        own = {("agent", text_digest(agent)), ("customer", text_digest(customer))}
        own.add(("target", text_digest(f"ch_{event.id}")))
        digests = dict(own)
        row = {
            "number": number, "id": event.id, "action": event.action, "at": at,
            "status": event.status, "shape": self._shape, "body": exact_json(event.to_dict()),
        }  # fmt: skip
        return row, [
            {**key, "event": number, "at": at, "value": digests.get(key["name"], key["value"])}
            for key in self._keys
        ]


def _refund(id_: str, status: Status, amount: str, customer: str, agent: str, at: int) -> Event:
    params = Map.of({"customer": customer, "amount": amount})
    return Event(
        id_, "billing.refund", Timestamp(at), status, params, agent=agent, target=f"ch_{id_}",
        rules=(),
    )  # fmt: skip


def _insert(connection: Connection, table: Table, rows: list[_Row]) -> None:
    """Insert rows, on PostgreSQL by COPY."""
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), rows)
        return
    names = [column.name for column in table.columns]
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([row[name] for name in names])
