"""cel-expr-python: the CEL runtime in C++, type-checked."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import NO_RULE_SET, REFUND, variables
from benchmarks.protocol import UNBOUNDED, Peer, Prepared, library
from benchmarks.workloads import Workload


def _prepare(_: Workload) -> Prepared:
    cel = library("cel_expr_python.cel")
    types = {"amount": cel.Type.INT, "status": cel.Type.STRING, "reason": cel.Type.STRING}
    evaluate = cel.NewEnv(variables=types).compile(REFUND).eval

    def ask(data: dict[str, Any]) -> Any:
        return evaluate(data=data)

    return Prepared(variables, ask, lambda answer: str(answer.value()))


PEER = Peer(
    name="cel-expr-python",
    package="cel-expr-python",
    kind="expression",
    prepare=_prepare,
    most={"refund": UNBOUNDED},
    note="one compiled CEL expression; its value is not even taken out",
    why_not=NO_RULE_SET,
    language="C++",
)
