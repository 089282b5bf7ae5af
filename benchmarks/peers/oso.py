"""oso: Polar, a logic language in Rust; a query for the effect, first answer."""

from __future__ import annotations

import logging
from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload

_REFUND = """
effect(r: Asked, "block") if r.status == "closed" and cut;
effect(r: Asked, "finance") if r.amount > 20000 and cut;
effect(r: Asked, "manager") if (r.amount >= 5000 or r.reason == "goodwill") and cut;
effect(_: Asked, "auto_run");
"""


class Asked:
    """A request, as an object that Polar's rules can ask."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)


def _prepare(workload: Workload) -> Prepared:
    library("oso")
    logging.getLogger("oso").setLevel(logging.ERROR)
    oso, variable = library("oso").Oso(), library("oso").Variable("effect")
    oso.register_class(Asked)
    # Polar warns on standard error that no rule is called `allow`; ours is called `effect`.
    oso.load_str("allow(_, _, _) if false;\n" + _polar(workload))
    many = not isinstance(workload, Refunds)

    def ask(request: Any) -> Any:
        arguments = request if many else (request,)
        return next(oso.query_rule("effect", *arguments, variable), None)

    return Prepared(_ready, ask, lambda answer: answer["bindings"]["effect"] if answer else "block")


def _ready(request: Any) -> Any:
    if type(request).__name__ == "Refund":
        return Asked(variables(request))
    return (request[0], request.cents)


def _polar(workload: Workload) -> str:
    match workload:
        case Refunds():
            return _REFUND
        case ManyActions():
            return "\n".join(
                f'effect("{name}", amount, "auto_run") if amount < {bound.low};\n'
                f'effect("{name}", amount, "manager") if amount >= {bound.low} '
                f"and amount < {bound.high};\n"
                f'effect("{name}", amount, "finance") if amount >= {bound.high};'
                for name, bound in workload.bounds.items()
            )
        case OneAction():
            return "\n".join(
                f'effect("{name}", amount, "auto_run") if amount < {limit};'
                for name, limit in workload.limits.items()
            )


PEER = Peer(
    name="oso",
    package="oso",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 10_000, "flat": 10_000},
    note="`query_rule` for the effect, first answer",
    language="Rust",
)
