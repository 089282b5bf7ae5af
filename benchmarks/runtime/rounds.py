"""Steps and a bare insert take turns, so that a disturbance hits all alike; medians are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import insert
from sqlalchemy.schema import Column, MetaData, Table
from sqlalchemy.types import Integer, Text

from benchmarks.runtime.found import INSERT, Step
from gatewright.engine.runtime.store.database import Database

_metadata = MetaData()
_bare = Table(
    "bench_rows", _metadata, Column("id", Integer, primary_key=True), Column("body", Text)
)
_BODY: Final = "x" * 1_000

Call = Callable[[], object]


def rounds(database: Database, steps: Mapping[str, Call], count: int) -> dict[str, Step]:
    """Time a call of each step in every round, and return the medians; the bare insert is added."""
    with database.transaction() as connection:
        _metadata.create_all(connection)
    calls = {INSERT: lambda: _insert(database), **steps}
    for call in calls.values():
        call()  # what is made once is made before
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(count):
        for name, call in calls.items():
            times[name].append(_timed(call))
    bare = times[INSERT]
    return {
        name: Step(
            ms=1_000 * median(each),
            inserts=median(t / b for t, b in zip(each, bare, strict=True)),
            quick_ms=1_000 * sorted(each)[len(each) // 4],
        )
        for name, each in times.items()
    }


def _insert(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(_bare).values(body=_BODY))


def _timed(call: Call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start
