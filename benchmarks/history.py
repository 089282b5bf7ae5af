"""What questions to a history of a million past actions cost, as multiples of plainer things.

Run with `python -m benchmarks.history [EVENTS]`. A question is compared with a look-up in a dict,
and with a decision of the reference interpreter that asks no history.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

import gatewright as gw
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.values import Map, Timestamp

_POLICY = """
package bench.refunds
action billing.refund { customer: string, amount: money(USD) >= 0 USD }
history refunds = billing.refund where status in ["executed", "pending"]
route manager { one of group("managers") }
guard large on billing.refund when action.amount > 200 USD => require manager
"""
_SECOND = 10**9
_NOW = 1_800_000_000 * _SECOND
_MONTH = 30 * 86_400 * _SECOND
_ROUNDS = 2_000


def past(number: int, chance: random.Random) -> Event:
    """Return one of a hundred thousand customers' refunds, a second after the one before."""
    params = Map.of({"customer": f"C-{chance.randrange(100_000)}", "amount": "12.50 USD"})
    at = Timestamp(_NOW - (10_000_000 - number) * _SECOND)
    return Event(f"a-{number}", "billing.refund", at, "executed", params, agent="bot")


def nanos_each(run: Callable[[], object]) -> float:
    """Return the median time of a call over many rounds, in nanoseconds."""
    times: list[int] = []
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        run()
        times.append(perf_counter_ns() - start)
    return median(times)


def nanos_of(run: Callable[[], object]) -> int:
    """Return the time of one call, in nanoseconds."""
    start = perf_counter_ns()
    run()
    return perf_counter_ns() - start


def main(size: int) -> None:
    """Fill a history, build indexes, ask them, and let it grow."""
    chance = random.Random(7)
    policy = gw.load_source(_POLICY)
    refunds = policy.policy.packages["bench.refunds"].histories["refunds"]
    events = [past(n, chance) for n in range(size)]
    extra = [past(n, chance) for n in range(size, size + size // 10)]
    store = History(events)
    action = {"action": "billing.refund", "params": {"customer": "C-1", "amount": "5 USD"}}
    decision = nanos_each(lambda: policy.evaluate(action, store, now=Timestamp(_NOW)))
    known = {event.id: event for event in events}
    lookup = nanos_each(lambda: known.get("a-77"))
    print(f"{size:,} past actions; a decision is {decision / lookup:,.0f} look-ups in a dict")
    _built("count by customer", size, lookup, lambda: store.index(refunds, "count", ("customer",)))
    count = store.index(refunds, "count", ("customer",))
    everything = store.index(refunds, "count", ())
    total = store.index(refunds, "sum", ("agent",), "amount")
    distinct = store.index(refunds, "distinct", ("agent",), "customer")
    assert count is not None
    assert everything is not None
    assert total is not None
    assert distinct is not None
    now = _NOW - 9_000_000 * _SECOND if size <= 1_000_000 else _NOW
    asked: dict[str, Callable[[], object]] = {
        "count, one customer": lambda: count.count(("C-77",), now, _MONTH, "new"),
        "last, one customer": lambda: count.last(("C-77",), now, None, "new"),
        "count, all": lambda: everything.count((), now, _MONTH, "new"),
        "sum, one agent": lambda: total.sum(("bot",), now, _MONTH, "new"),
        "distinct, one agent": lambda: distinct.distinct(("bot",), now, _MONTH, "new"),
    }
    for name, ask in asked.items():
        took = nanos_each(ask)
        print(f"{name:>22}: {took / lookup:6.1f} look-ups, {took / decision:8.5f} decisions")
    grown = nanos_of(lambda: [store.append(event) for event in extra]) / len(extra)
    print(f"append, 4 indexes: {grown / lookup:,.0f} look-ups, {grown / decision:.3f} decisions")


def _built(name: str, size: int, lookup: float, build: Callable[[], object]) -> None:
    tracemalloc.start()
    build()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"{name}: {held / size:,.0f} bytes an event")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
