"""cedarpy: Cedar in Rust. Its answer is allow or deny; the policies that decided say which effect.

Everything is permitted, and what asks for a person forbids: Cedar returns every forbidding policy,
and the strictest is the effect.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload

_STRICTEST = ("block", "finance", "manager")

_REFUND = """
@id("auto_run") permit(principal, action, resource);
@id("manager") forbid(principal, action, resource)
when { context.amount >= 5000 || context.reason == "goodwill" };
@id("finance") forbid(principal, action, resource) when { context.amount > 20000 };
@id("block") forbid(principal, action, resource) when { context.status == "closed" };
"""


def _prepare(workload: Workload) -> Prepared:
    cedarpy = library("cedarpy")
    policies = cedarpy.PolicySet.from_str(_policies(workload))
    nothing = cedarpy.Entities.from_json_str("[]")
    is_authorized = cedarpy.is_authorized

    def ask(request: dict[str, Any]) -> Any:
        return is_authorized(request, policies, nothing)

    return Prepared(_request, ask, _effect)


def _policies(workload: Workload) -> str:
    match workload:
        case Refunds():
            return _REFUND
        case ManyActions():
            return "\n".join(_act(workload))
        case OneAction():
            return "\n".join(
                f'@id("auto_run") permit(principal, action == Action::"pay", resource) when '
                f'{{ context.tenant == "{name}" && context.amount < {limit} }};'
                for name, limit in workload.limits.items()
            )


def _act(workload: ManyActions) -> list[str]:
    rows: list[str] = []
    for name, bound in workload.bounds.items():
        of = f'(principal, action == Action::"{name}", resource)'
        rows += [
            f'@id("auto_run") permit{of} when {{ context.amount < {bound.low} }};',
            f'@id("manager") forbid{of} when '
            f"{{ context.amount >= {bound.low} && context.amount < {bound.high} }};",
            f'@id("finance") forbid{of} when {{ context.amount >= {bound.high} }};',
        ]
    return rows


def _request(request: Any) -> dict[str, Any]:
    match type(request).__name__:
        case "Refund":
            action, context = "refund", variables(request)
        case "Act":
            action, context = request.action, {"amount": request.cents}
        case _:
            action, context = "pay", {"amount": request.cents, "tenant": request.tenant}
    return {
        "principal": {"type": "Agent", "id": "refund-bot"},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Charge", "id": "ch_1"},
        "context": context,
    }


def _effect(answer: Any) -> str:
    if answer.allowed:
        return "auto_run"
    deciding = set(answer.diagnostics.id_annotations_by_reason.values())
    return next((effect for effect in _STRICTEST if effect in deciding), "block")


PEER = Peer(
    name="cedarpy",
    package="cedarpy",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 10_000, "flat": 10_000},
    note="allow or deny; the effect is read from the forbidding policies. Policies and entities "
    "are parsed before",
    language="Rust",
)
