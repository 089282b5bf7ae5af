"""Workload D: what conditions on a history of many past events add to a decision."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import Any

import gatewright as gw
from benchmarks.results import PastEvents

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_DAYS = 365
_SEED = 11
_TOO_SLOW_US = 20_000

_WITHOUT = """package bench.past
action billing.refund on stripe.charge { customer: string, amount: money(USD) >= 0 USD }
route manager { one of group("managers") }
route finance { one of group("finance") outranks manager }
rule by_amount on billing.refund
  tier action.amount {
    < 50 USD          => auto_run
    50 USD .. 200 USD => require manager
    > 200 USD         => require finance
  }
"""

_HISTORY = """
history refunds = billing.refund where status in ["executed", "pending"]
"""
_COUNT = """
guard repeat on billing.refund
  when refunds.count(customer: action.customer, within: 30d) >= 1 => require manager
"""
_SUM = """
guard budget on billing.refund
  when refunds.sum(amount, agent: agent.id, within: 24h) + action.amount > 1000000 USD
  => require finance
"""
_ASKED = {"count": _COUNT, "sum": _SUM, "both": _COUNT + _SUM}


def past(sizes: tuple[int, ...], rounds: int, tell: Callable[[str], None]) -> list[PastEvents]:
    """Return the times for each number of past events, the smallest first.

    Larger ones are left out once a decision takes more than 20 ms: then the history is looked
    through event by event, and a million would take minutes.
    """
    found: list[PastEvents] = []
    for size in sizes:
        slow = next((p for p in found if p.with_us.get("both", 0) > _TOO_SLOW_US), None)
        if slow is None:
            tell(f"history: {size:,} events")
            found.append(_measured(size, rounds))
        else:
            each_ms = slow.with_us["both"] / 1000
            why = f"with {slow.events:,} events a decision takes {each_ms:,.0f} ms already"
            found.append(PastEvents(size, missing=why))
    return found


def _measured(size: int, rounds: int) -> PastEvents:
    chance = random.Random(_SEED)
    start = perf_counter()
    history = gw.History(_events(size, chance))
    recorded_s = perf_counter() - start
    deciders = {"": gw.load_source(_WITHOUT).evaluate}
    for asked, guards in _ASKED.items():
        deciders[asked] = gw.load_source(_WITHOUT + _HISTORY + guards).evaluate
    for decide in deciders.values():  # each is compiled, and its indexes are built
        for _ in range(2):
            decide(_action(size, chance), history)
    times: dict[str, list[int]] = {asked: [] for asked in deciders}
    for _ in range(rounds):
        action = _action(size, chance)  # one that was not seen yet
        for asked in chance.sample([*deciders], len(deciders)):
            times[asked].append(_nanos(deciders[asked], action, history))
    us = {asked: median(found) / 1000 for asked, found in times.items()}
    return PastEvents(size, recorded_s, us.pop(""), us)


def _nanos(decide: Callable[..., object], action: gw.Action, history: gw.History) -> int:
    start = perf_counter_ns()
    decide(action, history=history)
    return perf_counter_ns() - start


def _events(size: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    first, step = _NOW - timedelta(days=_DAYS), timedelta(days=_DAYS) / size
    for number in range(size):
        yield {
            "id": f"e{number}",
            "action": "billing.refund",
            "params": {
                "customer": _customer(size, chance),
                "amount": gw.Money(Decimal(chance.randrange(1, 400)), "USD"),
            },
            "agent": {"id": f"bot-{chance.randrange(20)}"},
            "at": first + number * step,
            "status": "executed",
        }


def _action(size: int, chance: random.Random) -> gw.Action:
    return gw.Action.from_dict(
        {
            "action": "billing.refund",
            "params": {
                "customer": _customer(size, chance),
                "amount": gw.Money(Decimal(chance.randrange(1, 400)), "USD"),
            },
            "agent": {"id": f"bot-{chance.randrange(20)}"},
            "at": _NOW,
        }
    )


def _customer(size: int, chance: random.Random) -> str:
    return f"C-{chance.randrange(max(1, size // 10))}"
