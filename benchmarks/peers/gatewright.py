"""Ours, through the public API alone: on a prepared `gw.Action`, and on a dict as it came in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import gatewright as gw
from benchmarks.protocol import UNBOUNDED, Peer, Prepared
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload
from benchmarks.workloads.many import Act

_AT = "2026-11-20T12:00:00Z"
_DECLARATIONS_A_FILE = 400  # a file has at most 50,000 tokens
_OFTEN = 110  # the hundredth dict of a compiled action is read by code of its own
_MANY = 4_000

_ROUTES = """
route manager { one of group("managers") }
route finance { one of group("finance") outranks manager }
"""

_REFUNDS = f"""package bench.refunds

type Charge {{ status: enum("open", "closed") }}

action billing.refund on stripe.charge as Charge {{
  customer: string,
  amount: money(USD) >= 0 USD,
  reason: enum("duplicate", "damaged", "late", "goodwill")
}}
{_ROUTES}
rule by_amount on billing.refund
  tier action.amount {{
    < 50 USD          => auto_run
    50 USD .. 200 USD => require manager
    > 200 USD         => require finance
  }}
  because "A refund of {{action.amount}} to {{action.customer}}."

guard goodwill on billing.refund when action.reason == "goodwill" => require manager

guard closed on billing.refund when target.status == "closed" => block
  because "The charge is closed."
"""


def texts(workload: Workload) -> list[str]:
    """Return the workload as policy files."""
    match workload:
        case Refunds():
            return [_REFUNDS]
        case ManyActions():
            head = "package bench.act\n"
            return [head + _ROUTES, *_files(head, _act_rules(workload))]
        case OneAction():
            head = "package bench.flat\n"
            action = "action flat.pay { tenant: string, amount: money(USD) }\n"
            return [head + action, *_files(head, _flat_rules(workload))]


def _files(head: str, declarations: Iterator[str]) -> Iterator[str]:
    while part := [*islice(declarations, _DECLARATIONS_A_FILE)]:
        yield head + "\n".join(part)


def _act_rules(workload: ManyActions) -> Iterator[str]:
    for name, bound in workload.bounds.items():
        low, high = _usd(bound.low), _usd(bound.high)
        yield f"""
action act.{name} {{ amount: money(USD) }}
rule {name}_low on act.{name} when action.amount < {low} => auto_run
rule {name}_middle on act.{name} when action.amount >= {low} && action.amount < {high}
  => require manager
rule {name}_high on act.{name} when action.amount >= {high} => require finance
"""


def _flat_rules(workload: OneAction) -> Iterator[str]:
    for name, limit in workload.limits.items():
        yield (
            f'rule {name} on flat.pay when action.tenant == "{name}" '
            f"&& action.amount < {_usd(limit)} => auto_run"
        )


def _usd(cents: int) -> str:
    return f"{_dollars(cents)} USD"


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def raw(request: Any) -> dict[str, object]:
    """Return a request as the JSON of an action."""
    amount = _usd(request.cents)
    match type(request).__name__:
        case "Refund":
            return {
                "action": "billing.refund",
                "params": {
                    "customer": request.customer,
                    "amount": amount,
                    "reason": request.reason,
                },
                "agent": {"id": "refund-bot"},
                "target": {
                    "system": "stripe",
                    "object": "charge",
                    "id": "ch_1",
                    "attributes": {"status": request.status},
                },
                "at": _AT,
            }
        case "Act":
            return {"action": f"act.{request.action}", "params": {"amount": amount}, "at": _AT}
        case _:
            params = {"tenant": request.tenant, "amount": amount}
            return {"action": "flat.pay", "params": params, "at": _AT}


def prepared(request: Any) -> gw.Action:
    """Return a request as a `gw.Action` whose amount is money already."""
    data = raw(request)
    amount = gw.Money(_dollars(request.cents), "USD")
    params: Any = data["params"]
    return gw.Action.from_dict({**data, "params": {**params, "amount": amount}})


def effect(decision: Any) -> str:
    """Return the decision as the workload's word."""
    routes: Iterable[str] = decision.routes
    return next(iter(routes), str(decision.effect.value))


_kept: dict[tuple[str, int], gw.PolicySet] = {}


def _loaded(workload: Workload) -> gw.PolicySet:
    """Return the policy set of a workload; the last one is kept, since both contestants want it."""
    key = (workload.name, workload.rules)
    if key not in _kept:
        _kept.clear()
        _kept[key] = gw.load_source(texts(workload))
        _compile(_kept[key], workload)
    return _kept[key]


def _compile(policy: gw.PolicySet, workload: Workload) -> None:
    """Let each action come often enough to be compiled, as in a service.

    Where there are very many actions, a dict of one hardly comes a hundred times: then none does.
    """
    requests = _of_each_action(workload)
    times = _OFTEN if len(requests) <= _MANY else 1
    for request in requests:
        for _ in range(3):
            policy.evaluate(prepared(request))
        for _ in range(times):
            policy.evaluate(raw(request))


def _of_each_action(workload: Workload) -> list[Any]:
    """Return a request of each action that rules stand on."""
    match workload:
        case Refunds() | OneAction():
            return [*workload.draw(random.Random(0), 1)]
        case ManyActions():
            return [Act(name, bound.low) for name, bound in workload.bounds.items()]


def _preparing(ready: Callable[[Any], Any]) -> Callable[[Workload], Prepared]:
    def prepare(workload: Workload) -> Prepared:
        return Prepared(ready, _loaded(workload).evaluate, effect)

    return prepare


_MOST = {"refund": UNBOUNDED, "act": UNBOUNDED, "flat": UNBOUNDED}

PREPARED = Peer(
    name="Gatewright",
    package="gatewright",
    kind="ours",
    prepare=_preparing(prepared),
    most=_MOST,
    note="`policy.evaluate` of a `gw.Action` that was read before; returns a full `Decision`."
    " Each action came thrice before, and so is compiled",
)

RAW = Peer(
    name="Gatewright, raw dict",
    package="gatewright",
    kind="ours",
    prepare=_preparing(raw),
    most=_MOST,
    note="the same from a dict in the JSON shape: reading and checking it is timed too. Each action"
    " came a hundred times before, unless there are more than 4,000 of them",
)
