"""regopy: rego-cpp, an interpreter for Rego in C++, on a query compiled beforehand.

Many rules are data that one rule looks up, as is usual in Rego.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload

_REFUND = """package bench
import rego.v1
default manager := false
manager if input.amount >= 5000
manager if input.reason == "goodwill"
effect := "block" if { input.status == "closed" }
else := "finance" if { input.amount > 20000 }
else := "manager" if { manager }
else := "auto_run"
"""

_ACT = """package bench
import rego.v1
effect := "auto_run" if { input.amount < data.bounds[input.key].low }
else := "manager" if { input.amount < data.bounds[input.key].high }
else := "finance"
"""

_FLAT = """package bench
import rego.v1
default effect := "block"
effect := "auto_run" if { input.amount < data.limits[input.key] }
"""

_QUERY = "data.bench.effect"


def _prepare(workload: Workload) -> Prepared:
    rego = library("regopy").Interpreter()
    match workload:
        case Refunds():
            rego.add_module("bench", _REFUND)
        case ManyActions():
            rego.add_module("bench", _ACT)
            bounds = {name: bound._asdict() for name, bound in workload.bounds.items()}
            rego.add_data({"bounds": bounds})
        case OneAction():
            rego.add_module("bench", _FLAT)
            rego.add_data({"limits": workload.limits})
    bundle, as_input = rego.build(_QUERY), library("regopy").Input

    def ask(given: Any) -> Any:
        rego.set_input(given)
        return rego.query_bundle(bundle)

    return Prepared(
        lambda request: as_input(_input(request)), ask, lambda answer: answer[0].expressions[0]
    )


def _input(request: Any) -> dict[str, Any]:
    if type(request).__name__ == "Refund":
        return variables(request)
    return {"key": request[0], "amount": request.cents}


PEER = Peer(
    name="regopy",
    package="regopy",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 10_000, "flat": 1_000},
    note="a query built once, on an input built before; many rules are data",
    language="C++",
)
