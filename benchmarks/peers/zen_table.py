"""zen-engine's decision table: a JSON decision model, first hit; asked in two ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload


def _one_decision(workload: Workload) -> Prepared:
    model, ready = _translated(workload)
    decision = library("zen").ZenEngine().create_decision(json.dumps(model))
    return Prepared(ready, decision.evaluate, _effect)


def _by_key(workload: Workload) -> Prepared:
    model, ready = _translated(workload)
    loader = {"type": "static", "content": {"bench": model}}
    evaluate = library("zen").ZenEngine({"loader": loader}).evaluate

    def ask(context: dict[str, Any]) -> Any:
        return evaluate("bench", context)

    return Prepared(ready, ask, _effect)


def _effect(answer: Any) -> str:
    return str(answer["result"]["effect"])


def _translated(workload: Workload) -> tuple[dict[str, Any], Callable[[Any], dict[str, Any]]]:
    match workload:
        case Refunds():
            return _model(("status", "amount", "reason"), _REFUND), variables
        case ManyActions():
            return _model(("action", "amount"), _act(workload)), _act_context
        case OneAction():
            return _model(("tenant", "amount"), _flat(workload)), _flat_context


def _act_context(request: Any) -> dict[str, Any]:
    return {"action": request.action, "amount": request.cents}


def _flat_context(request: Any) -> dict[str, Any]:
    return {"tenant": request.tenant, "amount": request.cents}


_REFUND: list[dict[str, str]] = [
    {"status": '"closed"', "effect": '"block"'},
    {"amount": "> 20000", "effect": '"finance"'},
    {"amount": ">= 5000", "effect": '"manager"'},
    {"reason": '"goodwill"', "effect": '"manager"'},
    {"effect": '"auto_run"'},
]


def _act(workload: ManyActions) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for name, bound in workload.bounds.items():
        cells = (
            (f"< {bound.low}", '"auto_run"'),
            (f"[{bound.low}..{bound.high})", '"manager"'),
            (f">= {bound.high}", '"finance"'),
        )
        rows += [{"action": f'"{name}"', "amount": cell, "effect": then} for cell, then in cells]
    return rows


def _flat(workload: OneAction) -> list[dict[str, str]]:
    rows = [
        {"tenant": f'"{name}"', "amount": f"< {limit}", "effect": '"auto_run"'}
        for name, limit in workload.limits.items()
    ]
    return [*rows, {"effect": '"block"'}]


def _model(fields: Iterable[str], rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    fields = [*fields]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": field, "name": field, "field": field} for field in fields],
        "outputs": [{"id": "effect", "name": "effect", "field": "effect"}],
        "rules": [
            {"_id": str(number), **dict.fromkeys(fields, ""), **row}
            for number, row in enumerate(rows)
        ],
    }
    nodes: Any = (("in", "inputNode", {}), ("table", "decisionTableNode", {"content": table}))
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [_node(*node) for node in (*nodes, ("out", "outputNode", {}))],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }


def _node(name: str, kind: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}, **more}


_MOST = {"refund": 10_000, "act": 10_000, "flat": 10_000}

PEER = Peer(
    name="zen-engine, decision table",
    package="zen-engine",
    kind="decision",
    prepare=_one_decision,
    most=_MOST,
    note="a JSON decision model with one table, hit policy `first`; `create_decision`, as its "
    "documentation begins",
    language="Rust",
)

BY_KEY = Peer(
    name="zen-engine, table by key",
    package="zen-engine",
    kind="decision",
    prepare=_by_key,
    most=_MOST,
    note="the same model given to a static loader and asked by its key, which zen compiles first",
    language="Rust",
)
