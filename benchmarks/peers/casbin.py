"""casbin: a matcher over policy lines, in Python; the line that matched says which effect.

With many rules the lines are found by their first words, as casbin's `FastEnforcer` does.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers.conditions import variables
from benchmarks.protocol import Peer, Prepared, library
from benchmarks.workloads import ManyActions, OneAction, Refunds, Workload

_MODEL = """
[request_definition]
r = {request}
[policy_definition]
p = {policy}
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {matcher}
"""

_REFUND = (
    ('r.sub.status == "closed"', "block"),
    ("r.sub.amount > 20000", "finance"),
    ('r.sub.amount >= 5000 || r.sub.reason == "goodwill"', "manager"),
    ("r.sub.amount >= 0", "auto_run"),
)

_TOP = "1000000000000000"
_KIND = "pay"  # the index of casbin has two levels, of one it fails


class _Sub:
    """casbin reads attributes."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)


def _prepare(workload: Workload) -> Prepared:
    casbin = library("casbin")
    if isinstance(workload, Refunds):
        return _refunds(casbin)
    fast_model = library("casbin.model")
    model = fast_model.FastModel([0, 1])
    model.load_model_from_text(
        _MODEL.format(
            request="key, kind, amount",
            policy="key, kind, low, high, effect, eft",
            matcher="r.key == p.key && r.amount >= number(p.low) && r.amount < number(p.high)",
        )
    )
    for line in _lines(workload):
        model.add_policy("p", "p", [line[0], _KIND, *line[1:], "allow"])
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("number", int)
    lines, matching = model.model["p"]["p"].policy, fast_model.fast_policy_filter

    def ask(request: tuple[str, str, int]) -> Any:
        with matching(lines, request[0], request[1]):
            return enforcer.enforce_ex(*request)

    return Prepared(lambda request: (request[0], _KIND, request.cents), ask, _effect)


def _refunds(casbin: Any) -> Prepared:
    model = casbin.Model()
    model.load_model_from_text(
        _MODEL.format(request="sub", policy="rule, effect, eft", matcher="eval(p.rule)")
    )
    for rule, effect in _REFUND:
        model.add_policy("p", "p", [rule, effect, "allow"])
    enforcer = casbin.Enforcer(model)
    return Prepared(lambda request: _Sub(variables(request)), enforcer.enforce_ex, _effect)


def _lines(workload: ManyActions | OneAction) -> list[list[str]]:
    if isinstance(workload, OneAction):
        return [[name, "0", str(limit), "auto_run"] for name, limit in workload.limits.items()]
    lines: list[list[str]] = []
    for name, bound in workload.bounds.items():
        lines.append([name, "0", str(bound.low), "auto_run"])
        lines.append([name, str(bound.low), str(bound.high), "manager"])
        lines.append([name, str(bound.high), _TOP, "finance"])
    return lines


def _effect(answer: Any) -> str:
    allowed, line = answer
    return str(line[-2]) if allowed else "block"


PEER = Peer(
    name="casbin",
    package="casbin",
    kind="decision",
    prepare=_prepare,
    most={"refund": 10_000, "act": 1_000, "flat": 1_000},
    note="`enforce_ex`; the effect is a word of the policy line that matched",
)
