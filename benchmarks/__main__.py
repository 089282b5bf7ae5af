"""How long the reference interpreter takes for a refund, as a multiple of hand-written Python.

Run with `make bench`. The interpreter is slow and obvious on purpose; the figure is where a
compiled path starts from.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from statistics import median
from time import perf_counter_ns

import gatewright as gw

_POLICY = """
package bench.refunds
action billing.refund { customer: string, amount: money(USD) >= 0 USD }
route manager { one of group("managers") }
route finance { one of group("finance") outranks manager }
rule by_amount on billing.refund
  tier action.amount {
    < 50 USD          => auto_run
    50 USD .. 200 USD => require manager
    > 200 USD         => require finance
  }
"""
_AMOUNTS = ("20.00", "75.00", "500.00")
_ROUNDS = 200


def by_hand(amount: Decimal) -> str:
    """Decide as a programmer would without a policy engine."""
    if amount < 50:
        return "auto_run"
    return "manager" if amount <= 200 else "finance"


def nanos_each(run: Callable[[], object]) -> float:
    """Return the median time of a call, in nanoseconds."""
    times: list[int] = []
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        run()
        times.append(perf_counter_ns() - start)
    return median(times)


def main() -> None:
    """Compare the decisions first, then time both."""
    policy = gw.load_source(_POLICY)
    for text in _AMOUNTS:
        amount = Decimal(text)
        action = gw.Action.from_dict(
            {
                "action": "billing.refund",
                "params": {"customer": "C-1", "amount": f"{text} USD"},
                "at": "2026-11-20T12:00:00Z",
            }
        )
        decided = policy.evaluate(action)
        wanted = by_hand(amount)
        if (decided.routes or (decided.effect.value,)) != (wanted,):
            raise SystemExit(f"{text}: {decided.effect} {decided.routes}, by hand {wanted}")
        hand = nanos_each(lambda amount=amount: by_hand(amount))
        engine = nanos_each(lambda action=action: policy.evaluate(action))
        print(f"{text:>7} USD: the interpreter takes {engine / hand:,.0f} x hand-written Python")


if __name__ == "__main__":
    main()
