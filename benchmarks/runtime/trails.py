"""The audit trail: entries that are appended, put into the tree, and verified."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

from benchmarks.runtime.found import Trail
from gatewright.engine.runtime.audit.sequence import sequence
from gatewright.engine.runtime.audit.verify import verify
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import trail
from gatewright.engine.runtime.store.database import Database

_BATCH = 1_000


def trails(database: Database, entries: int, single: int) -> Trail:
    """Measure a trail of so many entries in a store that has none; `single` have a commit each."""
    alone, _ = _timed(lambda: _append_all(database, single, 1))
    batches = entries // _BATCH
    batch, _ = _timed(lambda: _append_all(database, batches, _BATCH))
    whole = single + batches * _BATCH
    order, order_cpu = _timed(lambda: sequence(database))
    checks = [_timed(lambda: _verify(database, whole)) for _ in range(5)]
    return Trail(
        entries=whole,
        append=single / alone,
        append_batch=batches * _BATCH / batch,
        sequence=whole / order,
        sequence_cpu=whole / order_cpu,
        verify=whole / median(wall for wall, _ in checks),
        verify_cpu=whole / median(cpu for _, cpu in checks),
    )


def _append_all(database: Database, commits: int, each: int) -> None:
    for number in range(commits):
        _append(database, number * each, each)


def _append(database: Database, first: int, count: int) -> None:
    with database.transaction() as connection:
        entries = [_entry(number) for number in range(first, first + count)]
        trail.record(connection, None, entries, database.now(connection))


def _entry(number: int) -> Entry:
    body = {"effect": "require_approval", "card": f"sha256:{number:064x}", "route": "bench.manager"}
    return Entry("decided", "system", "gate", body)


def _verify(database: Database, whole: int) -> None:
    with database.reading() as connection:
        report = verify(connection, rows=False)
    assert report.is_good, report.findings
    assert report.size == whole


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return seconds by the clock, and seconds of the processor in this process."""
    start, busy = perf_counter(), process_time()
    call()
    return perf_counter() - start, process_time() - busy
