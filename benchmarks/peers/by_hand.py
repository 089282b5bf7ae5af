"""Hand-written Python: what a programmer would write without a policy engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.protocol import UNBOUNDED, Peer, Prepared
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload


@dataclass(frozen=True, slots=True)
class _Refund:
    amount: Decimal
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    key: str
    amount: Decimal


def _refund(refund: _Refund) -> str:
    if refund.status == "closed":
        return "block"
    if refund.amount > 200:
        return "finance"
    if refund.amount >= 50 or refund.reason == "goodwill":
        return "manager"
    return "auto_run"


def _prepare(workload: Workload) -> Prepared:
    match workload:
        case Refunds():
            ready = _ready_refund
            ask: Callable[[Any], str] = _refund
        case ManyActions():
            ready, ask = _ready, _act(workload)
        case OneAction():
            ready, ask = _ready, _flat(workload)
    return Prepared(ready, ask, str)


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _ready_refund(request: Any) -> Any:
    return _Refund(_dollars(request.cents), request.status, request.reason)


def _ready(request: Any) -> Any:
    return _Asked(request[0], _dollars(request.cents))


def _act(workload: ManyActions) -> Callable[[_Asked], str]:
    bounds = {
        name: (_dollars(bound.low), _dollars(bound.high)) for name, bound in workload.bounds.items()
    }

    def decide(asked: _Asked) -> str:
        low, high = bounds[asked.key]
        if asked.amount < low:
            return "auto_run"
        return "manager" if asked.amount < high else "finance"

    return decide


def _flat(workload: OneAction) -> Callable[[_Asked], str]:
    limits = {name: _dollars(cents) for name, cents in workload.limits.items()}

    def decide(asked: _Asked) -> str:
        limit = limits.get(asked.key)
        return "auto_run" if limit is not None and asked.amount < limit else "block"

    return decide


PEER = Peer(
    name="hand-written Python",
    package=None,
    kind="by hand",
    prepare=_prepare,
    most={"refund": UNBOUNDED, "act": UNBOUNDED, "flat": UNBOUNDED},
    note="`if`/`elif` over attributes of an object; the limits of many rules stand in a `dict`",
)
