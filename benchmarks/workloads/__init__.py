"""What is decided: each workload's definition, its requests, and an oracle in plain Python.

A workload knows no engine. The peers translate its definition into their own languages; what they
decide is compared with `effect`, which is written from the definition alone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from benchmarks.workloads.many import Act, ManyActions, OneAction, Payment
from benchmarks.workloads.refunds import Refund, Refunds

__all__ = [
    "Act",
    "ManyActions",
    "OneAction",
    "Payment",
    "Refund",
    "Refunds",
    "Workload",
    "named",
    "oracle",
]

Workload: TypeAlias = Refunds | ManyActions | OneAction


def named(name: str, rules: int) -> Workload:
    """Return the workload of a name, with about so many rules."""
    if name == "refund":
        return Refunds()
    return ManyActions.of(rules) if name == "act" else OneAction.of(rules)


def oracle(workload: Workload, request: Any) -> str:
    """Return what the workload's definition says about one of its requests."""
    effect: Any = workload.effect
    return str(effect(request))
