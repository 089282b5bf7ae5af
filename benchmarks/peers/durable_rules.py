"""durable_rules: a Rete network in C, fed with events; a rule's function notes the effect."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload

_OPEN = {"$neq": {"status": "closed"}}


def _prepare(workload: Workload) -> Prepared:
    host, taken = library("durable.engine").Host(), [""]
    host.set_rulesets({"bench": _ruleset(workload, taken)})
    numbers, post = count(1), host.post

    def ready(request: Any) -> dict[str, Any]:
        # An event of a known id is refused, so each has a new one, also where a request repeats.
        return {"sid": 0, **_event(request)}

    def ask(event: dict[str, Any]) -> str:
        post("bench", {**event, "id": next(numbers)})
        return taken[0]

    return Prepared(ready, ask, str)


def _event(request: Any) -> dict[str, Any]:
    if type(request).__name__ == "Refund":
        return variables(request)
    return {"key": request[0], "amount": request.cents}


def _ruleset(workload: Workload, taken: list[str]) -> dict[str, Any]:
    def note(effect: str) -> Callable[[Any], None]:
        def run(_: Any) -> None:
            taken[0] = effect

        return run

    return {
        f"r_{number}": {"all": [{"m": {"$and": terms}}], "run": note(effect)}
        for number, (effect, terms) in enumerate(_rules(workload))
    }


def _rules(workload: Workload) -> list[tuple[str, list[Any]]]:
    match workload:
        case Refunds():
            return _refunds()
        case ManyActions():
            return [
                rule
                for name, (low, high) in workload.bounds.items()
                for rule in (
                    ("auto_run", [{"key": name}, {"$lt": {"amount": low}}]),
                    (
                        "manager",
                        [{"key": name}, {"$gte": {"amount": low}}, {"$lt": {"amount": high}}],
                    ),
                    ("finance", [{"key": name}, {"$gte": {"amount": high}}]),
                )
            ]
        case OneAction():
            return []


def _refunds() -> list[tuple[str, list[Any]]]:
    small, goodwill = {"$lt": {"amount": 50_00}}, {"reason": "goodwill"}
    middle = [{"$gte": {"amount": 50_00}}, {"$lte": {"amount": 200_00}}]
    return [
        ("block", [{"status": "closed"}, {"$gte": {"amount": 0}}]),
        ("finance", [_OPEN, {"$gt": {"amount": 200_00}}]),
        ("manager", [_OPEN, *middle]),
        ("manager", [_OPEN, small, goodwill]),
        ("auto_run", [_OPEN, small, {"$neq": {"reason": "goodwill"}}]),
    ]


PEER = Peer(
    name="durable_rules",
    package="durable_rules",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 100},
    note="an event is posted, the function of the rule that fires notes the effect",
    why_not="a request that no rule takes is an exception; rules for the rest were not written",
    language="C",
)
