"""vakt: attribute-based access control in Python.

It answers yes or no, so effects are asked one after the other: may it run, may a manager release
it, may finance; else it is blocked.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload


def _prepare(workload: Workload) -> Prepared:
    vakt, rules = library("vakt"), library("vakt.rules")
    storage = vakt.MemoryStorage()
    policies = _policies(workload, rules)
    for number, (effect, resource, context) in enumerate(policies):
        storage.add(
            vakt.Policy(
                number,
                actions=[rules.Eq(effect)],
                resources=[resource],
                subjects=[rules.Any()],
                context=context,
                effect=vakt.ALLOW_ACCESS,
            )
        )
    guard = vakt.Guard(storage, vakt.RulesChecker())
    effects = [effect for effect in _EFFECTS if any(effect == asked for asked, *_ in policies)]

    def ready(request: Any) -> list[tuple[str, Any]]:
        return [(effect, _inquiry(vakt, request, effect)) for effect in effects]

    def ask(inquiries: list[tuple[str, Any]]) -> str:
        for effect, inquiry in inquiries:
            if guard.is_allowed(inquiry):
                return effect
        return "block"

    return Prepared(ready, ask, str)


_EFFECTS = ("auto_run", "manager", "finance")


def _inquiry(vakt: Any, request: Any, effect: str) -> Any:
    if type(request).__name__ == "Refund":
        return vakt.Inquiry(action=effect, resource="charge", context=variables(request))
    return vakt.Inquiry(action=effect, resource=request[0], context={"amount": request.cents})


def _policies(workload: Workload, rules: Any) -> list[tuple[str, Any, dict[str, Any]]]:
    match workload:
        case Refunds():
            return _refunds(rules)
        case ManyActions():
            return [
                policy
                for name, bound in workload.bounds.items()
                for policy in (
                    ("auto_run", rules.Eq(name), {"amount": rules.Less(bound.low)}),
                    ("manager", rules.Eq(name), {"amount": _between(rules, *bound)}),
                    ("finance", rules.Eq(name), {"amount": rules.GreaterOrEqual(bound.high)}),
                )
            ]
        case OneAction():
            return [
                ("auto_run", rules.Eq(name), {"amount": rules.Less(limit)})
                for name, limit in workload.limits.items()
            ]


def _refunds(rules: Any) -> list[tuple[str, Any, dict[str, Any]]]:
    anything, is_open = rules.Any(), rules.NotEq("closed")
    goodwill = rules.Eq("goodwill")
    return [
        (
            "auto_run",
            anything,
            {"amount": rules.Less(50_00), "reason": rules.Not(goodwill), "status": is_open},
        ),
        ("manager", anything, {"amount": rules.LessOrEqual(200_00), "status": is_open}),
        ("finance", anything, {"amount": rules.Greater(200_00), "status": is_open}),
    ]


def _between(rules: Any, low: int, high: int) -> Any:
    return rules.And(rules.GreaterOrEqual(low), rules.Less(high))


PEER = Peer(
    name="vakt",
    package="vakt",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 1_000, "flat": 1_000},
    note="yes or no; asked up to three times, for one effect after the other. Policies in memory",
)
